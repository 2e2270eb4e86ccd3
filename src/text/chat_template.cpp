#include "text/chat_template.h"

#include "core/error.h"
#include "text/rust_answer.h"

namespace amalgam {

ChatTemplate::ChatTemplate(std::string_view source, std::string origin)
    : origin_(std::move(origin)), reads_clock_(source.find("strftime_now") != source.npos) {
  rust::Template* compiled = nullptr;
  const RustAnswer answer(amalgam_text_template(source, &compiled));
  compiled_.reset(compiled);
  if (answer.status() != rust::kDone) error_ = answer.text();
}

std::string ChatTemplate::render(const Json& variables,
                                 const std::optional<std::string>& now) const {
  if (!error_.empty()) fail_usage("{}: the chat template cannot be read: {}", origin_, error_);
  const RustAnswer answer(
      amalgam_text_render(compiled_.get(), to_line(variables), now.value_or("")));
  if (answer.status() == rust::kRaised) fail_usage("{}", answer.text());
  if (answer.status() == rust::kFailed) fail_usage("{}: chat template: {}", origin_, answer.text());
  return std::string(answer.text());
}

ChatTemplates::ChatTemplates(const fs::path& folder, const Json& tokenizer_config)
    : folder_(folder) {
  const fs::path file = folder / "chat_template.jinja";
  const fs::path config_file = folder / "tokenizer_config.json";
  const fs::path tool_use = folder / "additional_chat_templates" / "tool_use.jinja";
  if (is_there(file)) {
    add("default", read_file(file), file);
    if (is_there(tool_use)) add("tool_use", read_file(tool_use), tool_use);
    return;
  }
  const Json given =
      optional_or<Json>(tokenizer_config, "chat_template", Json::array(), config_file.string());
  if (given.is_string()) {
    add("default", given.get<std::string>(), config_file);
    return;
  }
  if (!given.is_array())
    fail_usage("{}: \"chat_template\" must be a string or a list", config_file.string());
  for (const Json& item : given)
    add(require<std::string>(item, "name", config_file.string() + ": chat_template"),
        require<std::string>(item, "template", config_file.string() + ": chat_template"),
        config_file);
}

void ChatTemplates::add(const std::string& name, std::string_view source, const fs::path& file) {
  if (name == "default") default_.emplace(source, file.string());
  if (name == "tool_use") tool_use_.emplace(source, file.string());
}

std::string ChatTemplates::render(const Json& messages, const Json& special_tokens,
                                  const ChatOptions& options) const {
  if (!messages.is_array()) fail_usage("\"messages\" must be a list of {{role, content}}");
  // The order in which transformers lets one overrule the other; tools and documents are always
  // there.
  Json variables = {{"tools", nullptr}, {"documents", nullptr}};
  variables.update(special_tokens);
  variables.update(options.kwargs);
  variables["messages"] = messages;
  variables["add_generation_prompt"] = options.add_generation_prompt;
  const bool with_tools = !variables["tools"].is_null() && tool_use_;
  const auto& chosen = with_tools ? tool_use_ : default_;
  if (!chosen)
    fail_usage(
        "{}: no {}chat template; put chat_template.jinja into the folder or give token ids instead "
        "of messages",
        folder_.string(), empty() ? "" : "default ");
  return chosen->render(variables, options.now);
}

}  // namespace amalgam
