#include "data/reference_cache.h"

#include <cstring>

#include "core/error.h"

namespace amalgam {
namespace {

constexpr const char* kReferenceSchema =
    "CREATE TABLE IF NOT EXISTS reference_logps ("
    "  model TEXT NOT NULL, example TEXT NOT NULL, logps BLOB NOT NULL,"
    "  PRIMARY KEY (model, example)) WITHOUT ROWID;";

}  // namespace

ReferenceCache::ReferenceCache(const fs::path& file)
    : database_(std::make_shared<Database>(file, Database::Mode::kCreate, kReferenceSchema)) {}

ReferenceCache::ReferenceCache(std::shared_ptr<Database> database)
    : database_(std::move(database)) {
  database_->execute(kReferenceSchema);
}

std::vector<std::optional<std::vector<double>>> ReferenceCache::get(
    const std::string& model, std::span<const std::string> examples) const {
  Statement find(*database_, "SELECT logps FROM reference_logps WHERE model = ? AND example = ?");
  std::vector<std::optional<std::vector<double>>> found(examples.size());
  for (size_t i = 0; i < examples.size(); ++i) {
    if (!find.bind(model, examples[i]).next()) continue;
    const std::string_view bytes = find.bytes(0);
    if (bytes.size() % sizeof(double) != 0)
      fail("{}: reference_logps: the row of example {} is damaged; delete it and run again",
           database_->file().string(), examples[i]);
    found[i].emplace(bytes.size() / sizeof(double));
    if (!bytes.empty()) std::memcpy(found[i]->data(), bytes.data(), bytes.size());
  }
  return found;
}

void ReferenceCache::put(const std::string& model, std::span<const Entry> entries) {
  Transaction transaction(*database_);
  Statement insert(*database_, "INSERT OR REPLACE INTO reference_logps VALUES (?, ?, ?)");
  for (const auto& [example, values] : entries)
    insert.run(model, example, std::span<const double>(values));
  transaction.commit();
}

}  // namespace amalgam
