// Intervals and tests for measured accuracies.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace amalgam {

struct Interval {
  double value = 0;  // the estimate
  double low = 0, high = 0;
};

/// Proportion `successes` of `n` with its Wilson score interval (E. B. Wilson 1927, JASA 22). n = 0
/// gives 0 in [0, 1].
Interval wilson(int64_t successes, int64_t n, double level = 0.95);

/// Mean over repetitions (seeds) with Student's t interval; one value has no interval (low = high).
Interval mean_interval(std::span<const double> values, double level = 0.95);

/// x with P(X <= x) = p of the standard normal and of Student's t with `freedom` degrees.
double normal_quantile(double p);
double student_quantile(double p, int64_t freedom);

/// Two systems on the same prompts.
struct PairedComparison {
  int64_t n = 0;
  int64_t only_a = 0, only_b = 0;  // prompts that one of them alone got right
  Interval difference;             // accuracy of a minus accuracy of b, paired percentile bootstrap
  double p_value = 1;              // exact McNemar test (two-sided binomial on only_a, only_b)
};

/// `a[i]` and `b[i]`: whether each got prompt i right. Resamples prompts `resamples` times with the
/// stream of `seed`.
PairedComparison compare_paired(const std::vector<bool>& a, const std::vector<bool>& b,
                                uint64_t seed, int64_t resamples = 2000, double level = 0.95);

/// Two-sided exact McNemar p-value of the discordant counts (Q. McNemar 1947; binomial, p = 1/2).
double mcnemar_exact(int64_t only_a, int64_t only_b);

}  // namespace amalgam
