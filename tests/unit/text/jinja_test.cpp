// Templates rendered as Jinja2 renders them in transformers: jinja_cases.json holds what the Python
// package made of jinja_templates.txt (make_jinja_cases.py).
#include <gtest/gtest.h>

#include "core/error.h"
#include "text/chat_template.h"

namespace amalgam {
namespace {

const fs::path kCases = fs::path(AMALGAM_FIXTURES).parent_path() / "unit/text/jinja_cases.json";

TEST(Jinja, RendersAsThePythonPackage) {
  const Json all = parse_json(read_file(kCases), kCases.string());
  ASSERT_GT(all["cases"].size(), 80U);
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

}  // namespace
}  // namespace amalgam
