// amalgam tokenize: text or messages to token ids, or ids to text.

#include "commands/command.h"
#include "core/error.h"
#include "core/log.h"
#include "core/output_file.h"
#include "core/token_ids.h"
#include "data/datasets.h"
#include "text/tokenizer.h"

namespace amalgam {
namespace {

class Tokenize : public Command {
 public:
  void describe(Options& options) override {
    options.add("model", model_, "Hugging Face model folder.");
    options.add("input", input_,
                "JSON lines {\"id\", \"text\"}, {\"id\", \"messages\"} or {\"id\", \"ids\"}.");
    options.add("output", output_,
                "JSON lines {\"id\", \"ids\", \"text\"}; default: standard output.");
  }
  std::vector<std::string> required() const override { return {"model", "input"}; }

  int run() override {
    check_output(output_, {input_, model_});
    const Tokenizer tokenizer = Tokenizer::load(model_);
    JsonlWriter output(output_);
    int64_t rows = 0, rejected = 0;
    for_each_row(input_, [&](const Json& row, const std::string& where) {
      ++rows;
      const Json result = convert(tokenizer, row, where);
      rejected += result.contains("error") ? 1 : 0;
      output.write(result);
    });
    output.close();
    if (rejected > 0)
      warn("{} of {} rows were refused by the chat template; see their \"error\"", rejected, rows);
    return rejected > 0 ? 1 : 0;
  }

 private:
  static Json passed_through(const Json& row, const std::string& where) {
    if (!row.is_object()) fail_usage("{}: expected an object", where);
    if (row.contains("id") && row["id"].is_number()) text_or_number(row["id"], "id", where);
    Json result = row;
    for (const char* consumed :
         {"text", "messages", "ids", "add_special_tokens", "skip_special_tokens",
          "add_generation_prompt", "template_kwargs", "now"})
      result.erase(consumed);
    return result;
  }

  static Json convert(const Tokenizer& tokenizer, const Json& row, const std::string& where) {
    Json result = passed_through(row, where);
    std::vector<Token> ids;
    std::string text;
    if (row.contains("text")) {
      text = require<std::string>(row, "text", where);
      ids = tokenizer.encode(text, optional_or<bool>(row, "add_special_tokens", true, where));
    } else if (row.contains("messages")) {
      const ChatOptions options = read_chat_options(row, where);
      if (!tokenizer.has_chat_template())
        fail_usage("{}: \"messages\": the model has no chat template; give \"text\"", where);
      try {
        text = tokenizer.render_chat(row["messages"], options);
      } catch (const Error& refused) {
        result["error"] = refused.what();
        return result;
      }
      ids = tokenizer.encode(text, false);
    } else {
      if (!row.contains("ids"))
        fail_usage("{}: the row has neither \"text\" nor \"messages\" nor \"ids\"", where);
      ids = read_token_ids(require<Json>(row, "ids", where), "ids", where);
      text = tokenizer.decode(ids, optional_or<bool>(row, "skip_special_tokens", false, where));
    }
    result["ids"] = ids;
    result["text"] = text;
    return result;
  }

  fs::path model_, input_, output_ = "/dev/stdout";
};

}  // namespace

std::unique_ptr<Command> make_tokenize() { return std::make_unique<Tokenize>(); }

}  // namespace amalgam
