#include "train/mismatched.h"

#include <algorithm>

namespace amalgam {

std::vector<TrainExample> mismatched_examples(const std::vector<TrainExample>& examples,
                                              int64_t max_length) {
  std::vector<TrainExample> mismatched;
  for (size_t i = 0; i < examples.size() && examples.size() > 1; ++i) {
    const TokenizedExample& own = examples[i].tokens;
    const auto& response = examples[(i + 1) % examples.size()].tokens.responses.front();
    const int64_t room = std::max<int64_t>(1, max_length - std::ssize(response));
    const int64_t kept = std::min(room, std::ssize(own.prompt));
    TrainExample& example = mismatched.emplace_back();
    example.tokens = {own.id, {own.prompt.end() - kept, own.prompt.end()}, {response}};
    example.roles = {Role::kTarget};
  }
  return mismatched;
}

}  // namespace amalgam
