// Templates rendered as Jinja2 renders them in transformers: jinja_cases.json holds what the Python
// package made of jinja_templates.txt (make_jinja_cases.py).
#include <gtest/gtest.h>

#include "../support.h"
#include "core/error.h"
#include "text/chat_template.h"

namespace amalgam {
namespace {

const fs::path kCases = fs::path(AMALGAM_FIXTURES).parent_path() / "unit/text/jinja_cases.json";

TEST(Jinja, RendersAsThePythonPackage) {
  const Json all = parse_json(read_file(kCases), kCases.string());
  ASSERT_GT(all["cases"].size(), 250U);
  for (const Json& expected : all["cases"]) {
    const auto source = expected["template"].get<std::string>();
    SCOPED_TRACE(source);
    const ChatTemplate compiled(source, "case");
    try {
      const std::string text = compiled.render(all["variables"], all["now"].get<std::string>());
      if (expected.contains("rendered"))
        EXPECT_EQ(text, expected["rendered"].get<std::string>());
      else
        ADD_FAILURE() << "rendered \"" << text << "\" instead of failing: " << expected;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      if (expected.contains("raised"))
        EXPECT_EQ(error.what(), expected["raised"].get<std::string>());
      else
        EXPECT_TRUE(expected.contains("error")) << error.what();
    }
  }
}

// What Python computes and this program does not is refused by name, never computed otherwise.
TEST(Jinja, RefusesWhatItCannotCompute) {
  const std::pair<const char*, const char*> cases[] = {
      {"{{ 7 ** 100 }}", "7 ** 100"},
      {"{{ -2.5 ** 0.5 }}", "complex"},
      {"{{ 1e300 | int }}", "too large"},
      {"{{ '%d' % 1e300 }}", "1e300 is too large"},
      {"{{ '%a' % 1 }}", "%a"},
      {"{{ '{:n}'.format(1) }}", "\"n\""},
      {"{{ 'a' | urlize }}", "unknown filter"},
      {"{{ 'a' | attr('b') }}", "unknown filter"},
      {"{{ cycler('a') }}", "cycler"},
      {"{{ [1] | map('string') }}", "generator"},
      {"{{ [1] | reverse ~ '' }}", "generator"},
      {"{{ range(3) }}", "range"},
      {"{{ {'a': 1}.items }}", "method"},
      {"{{ 'a'.format_map({}) }}", "format_map"},
      {"{{ [1, 1].index(1, 1) }}", "index"},
      {"{% autoescape true %}<{% endautoescape %}", "autoescape"},
      {"{{ [] * 1000000000000000000 * 'a' }}", "*"},
  };
  for (const auto& [source, reason] : cases) {
    SCOPED_TRACE(source);
    const ChatTemplate compiled(source, "case");
    const std::string message =
        failure([&] { compiled.render(Json::object(), std::string("2026-03-05T09:07:02")); });
    EXPECT_NE(message.find(reason), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace amalgam
