#include "commands/scored_rows.h"

#include <algorithm>

#include "core/log.h"
#include "core/progress.h"

namespace amalgam {
namespace {

/// Rows scored together: scorers batch inside a call, by length.
constexpr size_t kRowsPerCall = 4096;

}  // namespace

int64_t write_scored(const fs::path& output, const std::vector<Json>& rows, const std::string& unit,
                     const ScoreRows& score) {
  JsonlWriter writer(output);
  Progress progress("score", std::ssize(rows), unit);
  double sum = 0;
  int64_t scored = 0;
  for (size_t begin = 0; begin < rows.size(); begin += kRowsPerCall) {
    const size_t end = std::min(begin + kRowsPerCall, rows.size());
    const std::vector<Scored> scores =
        score(begin, end, [&](int64_t count) { progress.advance(count); });
    for (size_t i = 0; i < scores.size(); ++i) {
      Json out = rows[begin + i];
      require_finite(scores[i], to_line(out["id"]));
      if (scores[i].value) {
        out["score"] = *scores[i].value;
        sum += *scores[i].value;
        ++scored;
      }
      out.update(scores[i].details);
      writer.write(out);
    }
  }
  writer.close();
  info("score: {} {}, mean {:.4f}", scored, unit,
       scored > 0 ? sum / static_cast<double>(scored) : 0);
  return std::ssize(rows) - scored;
}

}  // namespace amalgam
