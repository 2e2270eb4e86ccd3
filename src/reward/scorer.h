// A scorer gives a response a number: verifiers, reward models, judges. Add one as a file and a
// line in scorers.cpp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/records.h"

namespace amalgam {

struct ScoreRequest {
  const Prompt* prompt;
  const Response* response;
};

/// What came of one response: its score, or nothing where there can be none; `details` then say
/// why.
struct Scored {
  std::optional<double> value;
  Json details = Json::object();
};

/// A score that is not finite is an error: the model's weights or sizes are broken.
void require_finite(const Scored& scored, std::string_view id);

/// Hears how many more responses are done, while a call goes on.
using ScoredCount = std::function<void(int64_t)>;

class Scorer {
 public:
  virtual ~Scorer() = default;
  /// The clock of a chat template that the scorer renders with; others have no use for it.
  virtual void set_clock(const std::string&) {}
  /// One result a request, in order; a result does not depend on the other requests.
  virtual std::vector<Scored> score(
      std::span<const ScoreRequest> requests, const ScoredCount& done = [](int64_t) {}) = 0;
  /// Whether answers to this prompt can be scored, as far as that is known before there are any; a
  /// usage error says why not.
  virtual void check(const Prompt&) {}
};

struct ScorerEntry {
  std::string_view name;  // "exact-answer"
  std::string_view sentence;
  /// `settings`: the rest of the recipe's score section (model folder, ...). Checks them; what is
  /// costly waits for the first call of score().
  std::unique_ptr<Scorer> (*make)(const Json& settings);
};
const std::vector<ScorerEntry>& scorers();
/// "exact-answer, reward-model".
std::string scorer_names();
/// `settings`: the score section, or null. An unknown name is a usage error with the nearest known
/// one.
std::unique_ptr<Scorer> make_scorer(const std::string& name, const Json& settings);

}  // namespace amalgam
