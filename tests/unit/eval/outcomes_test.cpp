#include "eval/outcomes.h"

#include <gtest/gtest.h>

#include "eval/table.h"

namespace amalgam {
namespace {

/// 20 prompts in two domains; "weak" gets 2 + 3 right, "strong" 9 + 6.
std::vector<Outcome> sample() {
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 20; ++i) {
    const std::string domain = i < 10 ? "add" : "sort";
    const int place = i % 10;
    outcomes.push_back(
        {"weak", "p" + std::to_string(i), domain, place < (i < 10 ? 2 : 3) ? 1.0 : 0.0});
    outcomes.push_back(
        {"strong", "p" + std::to_string(i), domain, place < (i < 10 ? 9 : 6) ? 1.0 : 0.0});
  }
  return outcomes;
}

TEST(Outcomes, CountsByDomainAndInTotal) {
  const auto results = outcome_results(sample(), "held-out", kAccuracy);
  ASSERT_EQ(results.size(), 6u);
  EXPECT_EQ(results[0].subject, "weak");
  EXPECT_EQ(results[0].domain, "add");
  EXPECT_DOUBLE_EQ(results[0].value, 0.2);
  EXPECT_EQ(results[0].n, 10);
  EXPECT_EQ(results[2].domain, "");
  EXPECT_DOUBLE_EQ(results[2].value, 0.25);
  EXPECT_EQ(results[5].subject, "strong");
  EXPECT_DOUBLE_EQ(results[5].value, 0.75);
  EXPECT_EQ(results[5].n, 20);
  EXPECT_LT(results[5].low, 0.75);
  EXPECT_GT(results[5].high, 0.75);
}

TEST(Outcomes, ComparesOnSharedPrompts) {
  auto outcomes = sample();
  outcomes.push_back({"weak", "only-weak-saw-it", "add", 1});
  const auto comparisons = compare_with(outcomes, "weak", 1);
  ASSERT_EQ(comparisons.size(), 3u);
  EXPECT_EQ(comparisons[0].a, "strong");
  EXPECT_EQ(comparisons[0].domain, "add");
  EXPECT_EQ(comparisons[0].result.only_a, 7);
  EXPECT_EQ(comparisons[2].result.n, 20);
  EXPECT_DOUBLE_EQ(comparisons[2].result.difference.value, 0.5);
  EXPECT_NEAR(comparisons[2].result.p_value, 2 / 1024.0, 1e-12);  // 10 against 0
}

TEST(Outcomes, OneDomainIsTheTotal) {
  const auto results = outcome_results({{"a", "p", "", 1}}, "b", kAccuracy);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].domain, "");
}

TEST(Outcomes, RewardsAreMeansWithStudentsInterval) {
  std::vector<Outcome> outcomes;
  const double values[] = {61.2, 63.0, 60.1, 62.7, 61.9};
  for (int i = 0; i < 5; ++i) {
    outcomes.push_back({"a", std::to_string(i), "", values[i]});
    outcomes.push_back({"b", std::to_string(i), "", values[i] - 1});
  }
  const auto results = outcome_results(outcomes, "held-out", kReward);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].metric, "reward");
  EXPECT_NEAR(results[0].low, 60.322961393762164, 1e-10);  // scipy.stats.t.interval
  const auto comparison = compare_systems(outcomes, "a", "b", 1);
  EXPECT_NEAR(comparison.result.difference.value, 1, 1e-12);
  EXPECT_NEAR(comparison.result.difference.low, 1, 1e-12);
  EXPECT_NEAR(comparison.result.p_value, 2 / 32.0, 0.01);  // all five signs equal: 2 of 2^5 choices
  const ResultTable table = make_table(results, {}, {comparison}, "b");
  EXPECT_EQ(format_table(table, false).find("61.7800 +-1.4570*"),
            format_table(table, false).find("61.7800"));
  EXPECT_TRUE(format_difference(comparison.result, table.metric).starts_with("+1.0000 [1.0000"));
}

ResultTable sample_table() {
  const auto outcomes = sample();
  return make_table(outcome_results(outcomes, "held-out", kAccuracy), {"strong", "weak", "missing"},
                    compare_with(outcomes, "weak", 1), "weak");
}

TEST(Table, FormatsForTheTerminal) {
  EXPECT_EQ(format_table(sample_table(), false),
            "system            add           sort          total            vs weak\n"
            "strong   90.0 (60-98)*  60.0 (31-83)*  75.0 (53-89)*  +50.0, p = 0.002\n"
            "weak      20.0 (6-51)   30.0 (11-60)   25.0 (11-47)\n"
            "missing             -              -              -\n");
}

TEST(Table, FormatsMarkdown) {
  const std::string text = markdown_table(sample_table());
  EXPECT_TRUE(
      text.starts_with("| system | add | sort | total | total against weak |\n"
                       "|---|---:|---:|---:|---:|\n"
                       "| strong | **90.0** [59.6, 98.2] |"))
      << text;
  EXPECT_NE(text.find("| weak | 20.0 [5.7, 51.0] |"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("| missing | | | | |\n")) << text;
}

TEST(Table, ColoursOnlyWhenAsked) {
  EXPECT_EQ(format_table(sample_table(), false).find('\x1b'), std::string::npos);
  EXPECT_NE(format_table(sample_table(), true).find("\x1b[1;32m"), std::string::npos);
}

}  // namespace
}  // namespace amalgam
