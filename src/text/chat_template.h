// Chat templates of a Hugging Face folder (transformers,
// PreTrainedTokenizerBase.apply_chat_template).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/files.h"
#include "core/json.h"
#include "text/rust_api.h"
#include "text/tokenizer.h"

namespace amalgam {

/// One template, compiled. A template that cannot be read fails when it is used, not before: a
/// folder whose template is never used must load.
class ChatTemplate {
 public:
  /// `origin` names the file in messages.
  ChatTemplate(std::string_view source, std::string origin);

  /// Whether what it renders may depend on the clock.
  bool reads_clock() const { return reads_clock_; }

  /// `variables`: messages, tools, bos_token, ... Errors are usage errors; raise_exception gives
  /// its text alone.
  std::string render(const Json& variables, const std::optional<std::string>& now) const;

 private:
  struct Drop {
    void operator()(rust::Template* compiled) const { amalgam_text_drop_template(compiled); }
  };
  std::string origin_, error_;
  bool reads_clock_;
  std::unique_ptr<rust::Template, Drop> compiled_;
};

/// The templates of a folder: "default" and, for conversations with tools, perhaps "tool_use".
class ChatTemplates {
 public:
  /// chat_template.jinja and additional_chat_templates/tool_use.jinja, else the "chat_template" of
  /// tokenizer_config.json: a string, or a list of {name, template}.
  ChatTemplates(const fs::path& folder, const Json& tokenizer_config);

  bool empty() const { return !default_ && !tool_use_; }
  bool reads_clock() const {
    return (default_ && default_->reads_clock()) || (tool_use_ && tool_use_->reads_clock());
  }

  /// `special_tokens`: variables such as bos_token.
  std::string render(const Json& messages, const Json& special_tokens,
                     const ChatOptions& options) const;

 private:
  void add(const std::string& name, std::string_view source, const fs::path& file);

  fs::path folder_;
  std::optional<ChatTemplate> default_, tool_use_;
};

}  // namespace amalgam
