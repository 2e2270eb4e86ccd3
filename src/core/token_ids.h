// Token ids in JSON.
#pragma once

#include <limits>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/token.h"

namespace amalgam {

/// The token ids of `list`, none to any number of them. Anything but a list of whole numbers from 0
/// to `largest` is a usage error that names `where` and `key`.
std::vector<Token> read_token_ids(const Json& list, std::string_view key, std::string_view where,
                                  int64_t largest = std::numeric_limits<Token>::max());

}  // namespace amalgam
