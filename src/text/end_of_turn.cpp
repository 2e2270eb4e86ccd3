#include "text/end_of_turn.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "core/error.h"

namespace amalgam {

bool is_special(const Tokenizer& tokenizer, Token id) {
  return tokenizer.decode({&id, 1}, true).empty() && !tokenizer.decode({&id, 1}, false).empty();
}

std::vector<Token> closing_tokens(const Tokenizer& tokenizer, const Json& messages) {
  const std::string probe = "probe";
  Json conversation = messages;
  conversation.push_back({{"role", "assistant"}, {"content", probe}});
  const std::string text = tokenizer.render_chat(conversation, {});
  const size_t at = text.rfind(probe);
  if (at == std::string::npos) return {};
  std::vector<Token> closing;
  const std::vector<Token> tail = tokenizer.encode(text.substr(at + probe.size()), false);
  std::copy_if(tail.begin(), tail.end(), std::back_inserter(closing),
               [&](Token id) { return is_special(tokenizer, id); });
  return closing;
}

std::optional<Token> end_of_turn(const Tokenizer& tokenizer) {
  if (!tokenizer.has_chat_template()) return std::nullopt;
  try {
    const Json question = {{{"role", "user"}, {"content", "question"}}};
    const std::vector<Token> closing = closing_tokens(tokenizer, question);
    return closing.empty() ? std::nullopt : std::optional(closing.front());
  } catch (const Error&) {
    return std::nullopt;  // a template that refuses such conversations, or cannot be read
  }
}

}  // namespace amalgam
