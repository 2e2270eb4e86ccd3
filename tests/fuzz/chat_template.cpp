// A chat template and the variables it is rendered with (a JSON object), divided by a line "====";
// without variables, a conversation with a tool.
#include "text/chat_template.h"

#include "support.h"

namespace amalgam {
namespace {

constexpr std::string_view kConversation = R"({
  "messages": [
    {"role": "system", "content": " Be brief.\n"},
    {"role": "user", "content": "Hello, w\u00f6rld"},
    {"role": "assistant", "content": null, "tool_calls": [
      {"id": "abc", "type": "function", "function": {"name": "f", "arguments": {"x": 1.5, "y": [null, true]}}}]},
    {"role": "tool", "tool_call_id": "abc", "content": "21"},
    {"role": "user", "content": [{"type": "text", "text": "part"}]}],
  "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
  "documents": null, "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": true})";

}  // namespace
}  // namespace amalgam

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace amalgam;
  const auto parts = split_input(data, size, 2);
  run_expecting_errors([&] {
    const ChatTemplate compiled(parts[0], "template");
    const Json variables = parse_json(parts[1].empty() ? kConversation : parts[1], "variables");
    compiled.render(variables, "2026-01-31T12:00:00");
  });
  return 0;
}
