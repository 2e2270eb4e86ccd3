#include "core/token_ids.h"

#include "core/error.h"

namespace amalgam {

std::vector<Token> read_token_ids(const Json& list, std::string_view key, std::string_view where,
                                  int64_t largest) {
  if (!list.is_array()) fail_usage("{}: \"{}\" must be a list of token ids", where, key);
  std::vector<Token> ids;
  for (const Json& id : list) {
    if (!id.is_number_integer() || id < 0 || id > largest)
      fail_usage("{}: \"{}\": {} is not a token id (0 to {})", where, key, to_line(id), largest);
    ids.push_back(id.get<Token>());
  }
  return ids;
}

}  // namespace amalgam
