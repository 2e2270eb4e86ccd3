#include "eval/accuracy.h"

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
    outcomes.push_back({"weak", "p" + std::to_string(i), domain, place < (i < 10 ? 2 : 3)});
    outcomes.push_back({"strong", "p" + std::to_string(i), domain, place < (i < 10 ? 9 : 6)});
  }
  return outcomes;
}

TEST(Accuracy, CountsByDomainAndInTotal) {
  const auto results = accuracy_results(sample(), "held-out");
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

TEST(Accuracy, ComparesOnSharedPrompts) {
  auto outcomes = sample();
  outcomes.push_back({"weak", "only-weak-saw-it", "add", true});
  const auto comparisons = compare_with(outcomes, "weak", 1);
  ASSERT_EQ(comparisons.size(), 3u);
  EXPECT_EQ(comparisons[0].a, "strong");
  EXPECT_EQ(comparisons[0].domain, "add");
  EXPECT_EQ(comparisons[0].result.only_a, 7);
  EXPECT_EQ(comparisons[2].result.n, 20);
  EXPECT_DOUBLE_EQ(comparisons[2].result.difference.value, 0.5);
  EXPECT_NEAR(comparisons[2].result.p_value, 2 / 1024.0, 1e-12);  // 10 against 0
}

TEST(Accuracy, OneDomainIsTheTotal) {
  const auto results = accuracy_results({{"a", "p", "", true}}, "b");
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].domain, "");
}

ResultTable sample_table() {
  const auto outcomes = sample();
  return make_table(accuracy_results(outcomes, "held-out"), {"strong", "weak", "missing"},
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
