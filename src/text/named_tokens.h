// What the files beside tokenizer.json say of tokens: tokenizer_config.json,
// special_tokens_map.json and added_tokens.json, as transformers' fast tokenizers read them.
#pragma once

#include <string>

#include "core/files.h"
#include "core/json.h"

namespace amalgam {

struct NamedTokens {
  /// For templates: "bos_token" and the like, each a text, and "additional_special_tokens", a list.
  Json variables = Json::object();
  /// Tokens with an "id", in its order: of added_tokens_decoder, else of added_tokens.json.
  Json listed = Json::array();
  std::string listed_in;  // the file, and the key in it
  /// Special tokens in the order in which they are added behind the listed ones.
  Json special = Json::array();
};

/// `config`: the folder's tokenizer_config.json. A token that is no string and no object with
/// "content" is a usage error that names file and key.
NamedTokens read_named_tokens(const fs::path& folder, const Json& config);

}  // namespace amalgam
