// What a chat template writes after an answer.
#pragma once

#include <optional>
#include <vector>

#include "text/tokenizer.h"

namespace amalgam {

bool is_special(const Tokenizer& tokenizer, Token id);

/// The special tokens that the template writes after an answer to `messages`. Generation ends with
/// the first of them.
std::vector<Token> closing_tokens(const Tokenizer& tokenizer, const Json& messages);

/// The token that the template ends an answer with; nullopt where it has no such token, or writes
/// no conversation of a question and an answer.
std::optional<Token> end_of_turn(const Tokenizer& tokenizer);

}  // namespace amalgam
