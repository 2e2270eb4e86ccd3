// Rows with their scores, as `amalgam score` writes them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/files.h"
#include "reward/scorer.h"

namespace amalgam {

/// One result for each of rows [begin, end).
using ScoreRows =
    std::function<std::vector<Scored>(size_t begin, size_t end, const ScoredCount& done)>;

/// Writes each row with its "score", where it has one, and its details. Tells the mean; `unit`:
/// what a row is ("responses"). Returns how many have no score.
int64_t write_scored(const fs::path& output, const std::vector<Json>& rows, const std::string& unit,
                     const ScoreRows& score);

}  // namespace amalgam
