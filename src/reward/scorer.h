// A scorer gives a response a number: verifiers, reward models, judges. Add one as a file and a
// line in scorers.cpp.
#pragma once

#include <memory>
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

/// value and details of one response.
struct Scored {
  double value = 0;
  Json details = Json::object();
};

class Scorer {
 public:
  virtual ~Scorer() = default;
  /// One result a request, in order; a result does not depend on the other requests.
  virtual std::vector<Scored> score(std::span<const ScoreRequest> requests) = 0;
};

struct ScorerEntry {
  std::string_view name;  // "exact-answer"
  std::string_view sentence;
  /// `settings`: the rest of the recipe's score section (model folder, ...).
  std::unique_ptr<Scorer> (*make)(const Json& settings);
};
const std::vector<ScorerEntry>& scorers();
/// `settings`: the score section, or null. An unknown name is a usage error with the nearest known
/// one.
std::unique_ptr<Scorer> make_scorer(const std::string& name, const Json& settings);

}  // namespace amalgam
