// tokenizer.json, tokenizer_config.json and a text, divided by lines "====".
#include "text/tokenizer.h"

#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace amalgam;
  static const ScratchFolder folder;
  const auto parts = split_input(data, size, 3);
  folder.write("tokenizer.json", parts[0]);
  folder.write("tokenizer_config.json", parts[1].empty() ? "{}" : parts[1]);
  run_expecting_errors([&] {
    const Tokenizer tokenizer = Tokenizer::load(folder.path());
    tokenizer.vocab_size();
    for (const char* name : {"bos_token", "eos_token", "pad_token", "unk_token"})
      if (const auto text = tokenizer.special_token(name)) tokenizer.token_id(*text);
    std::vector<Token> ids{0, 1, 2, 1'000'000, -1};
    run_expecting_errors([&] { tokenizer.decode(ids, false); });
    run_expecting_errors([&] { ids = tokenizer.encode(parts[2], true); });
    run_expecting_errors([&] { tokenizer.decode(ids, true); });
  });
  return 0;
}
