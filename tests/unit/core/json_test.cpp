#include "core/json.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support.h"

namespace amalgam {
namespace {

const Json kRow = {{"text", "t"}, {"number", 1.5}, {"count", 3}, {"flag", true}, {"null", nullptr}};

TEST(Json, RequireReadsTheType) {
  EXPECT_EQ(require<std::string>(kRow, "text", "x"), "t");
  EXPECT_EQ(require<double>(kRow, "number", "x"), 1.5);
  EXPECT_EQ(require<double>(kRow, "count", "x"), 3.0);
  EXPECT_EQ(require<int64_t>(kRow, "count", "x"), 3);
  EXPECT_TRUE(require<bool>(kRow, "flag", "x"));
  EXPECT_TRUE(require<Json>(kRow, "null", "x").is_null());
}

TEST(Json, RequireNamesPlaceAndKey) {
  EXPECT_EQ(failure([] { require<double>(kRow, "mass", "a.jsonl:7"); }),
            "a.jsonl:7: \"mass\" is missing");
  const std::string message = failure([] { require<int64_t>(kRow, "number", "a.jsonl:7"); });
  for (const char* part : {"a.jsonl:7", "\"number\"", "1.5", "an integer"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
  failure([] { require<std::string>(kRow, "count", "x"); });
  failure([] { require<bool>(kRow, "count", "x"); });
  failure([] { require<bool>(Json::array(), "count", "x"); });
}

TEST(Json, NumbersAreFinite) {
  for (const double number : {std::nan(""), double{INFINITY}, -double{INFINITY}})
    EXPECT_TRUE(fails_with("x: \"n\" is", [&] { require<double>(Json{{"n", number}}, "n", "x"); }));
}

TEST(Json, OptionalTakesNullForAbsent) {
  EXPECT_EQ(optional_or<int64_t>(kRow, "count", 9, "x"), 3);
  EXPECT_EQ(optional_or<int64_t>(kRow, "null", 9, "x"), 9);
  EXPECT_EQ(optional_or<int64_t>(kRow, "absent", 9, "x"), 9);
  failure([] { optional_or<int64_t>(kRow, "text", 9, "x"); });
}

TEST(Json, LinesKeepOrderAndAreLines) {
  EXPECT_EQ(to_line({{"b", 1}, {"a", Json::array({1.0, nullptr})}}), R"({"b":1,"a":[1.0,null]})");
  EXPECT_EQ(to_line("\u0085\u2028\u2029\n\u00e9"), "\"\\u0085\\u2028\\u2029\\n\u00e9\"");
  EXPECT_EQ(to_line("\xff"), "\"\ufffd\"");
  EXPECT_EQ(parse_json(to_line("\u2028"), "x"), "\u2028");
}

TEST(Json, ParseErrorsSayWhere) {
  EXPECT_EQ(failure([] { parse_json("{", "a.json"); }).find("a.json: not valid JSON: parse error"),
            0U);
}

}  // namespace
}  // namespace amalgam
