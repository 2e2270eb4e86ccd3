// Reference log-probabilities, computed once for each example and kept with the identity of the
// model that made them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/sqlite.h"

namespace amalgam {

/// Keyed by (hash of the model, hash of the example's tokens): another model or other tokens find
/// nothing.
class ReferenceCache {
 public:
  /// In a database file of its own, created when absent (":memory:" for one that is not kept).
  explicit ReferenceCache(const fs::path& file);
  /// In a run's database (RunStore::database).
  explicit ReferenceCache(std::shared_ptr<Database> database);

  /// The values of each example, in order: sums of log-probabilities of its responses. Empty where
  /// there are none yet.
  std::vector<std::optional<std::vector<double>>> get(const std::string& model,
                                                      std::span<const std::string> examples) const;
  /// Keeps (example, values) in one transaction; an example that is there already is replaced.
  using Entry = std::pair<std::string, std::vector<double>>;
  void put(const std::string& model, std::span<const Entry> entries);

 private:
  std::shared_ptr<Database> database_;
};

}  // namespace amalgam
