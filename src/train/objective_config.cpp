#include "train/coefficients.h"

namespace amalgam {

void ObjectiveConfig::describe(Options& options) {
  std::vector<std::string> names;
  for (const ObjectiveEntry& entry : objectives()) names.emplace_back(entry.name);
  options.add("objective", objective, "Training objective.", one_of(std::move(names)));
  options.add("beta", beta, "Strength of the pull to the reference; default: the objective's own.",
              above(0));
  options.add("alpha", alpha, "WRPO's fusion coefficient: weight of the source winner.",
              between(0, 1));
  options.add("gamma", gamma, "Target margin; default: the objective's own.", at_least(0.0));
  options.add("tau", tau,
              "IPO's regularisation, DiscoPOP's temperature; default: the objective's own.",
              above(0));
  options.add(
      "lambda", lambda,
      "Weight of the winners' negative log-likelihood beside the preference loss, of the odds "
      "ratio in orpo; default: the objective's own.",
      at_least(0.0));
  options.add(
      "nll", nll,
      "The likelihood that lambda weighs: sum over tokens, or mean; default: the objective's "
      "own.",
      one_of({"sum", "mean"}));
  const std::string shapes =
      "constant; linear: START + (END - START) k / N at step k of N; cosine; step (at "
      "schedule_at); "
      "source-accuracy, margin: feedback on that metric.";
  const auto schedule = [&](const std::string& name, std::string& kind,
                            std::optional<double>& start, Check<double> check) {
    options.add(name + "_schedule", kind, "Course of " + name + " over the steps: " + shapes,
                one_of(schedule_names()));
    options.add(name + "_start", start, "Where the course of " + name + " starts.", check);
  };
  schedule("alpha", alpha_schedule, alpha_start, between(0, 1));
  schedule("beta", beta_schedule, beta_start, above(0));
  schedule("gamma", gamma_schedule, gamma_start, at_least(0.0));
  schedule("tau", tau_schedule, tau_start, above(0));
  schedule("lambda", lambda_schedule, lambda_start, at_least(0.0));
  options.add("schedule_at", schedule_at,
              "Share of the steps after which a step schedule switches.", between(0, 1));
  options.add(
      "feedback_goal", feedback_goal,
      "Feedback schedules move towards their end while the metric is above this, back while "
      "it is below.");
  options.add("feedback_rate", feedback_rate,
              "How far they move in a step: this times (metric - goal), of the whole way.",
              above(0));
  options.add("label_smoothing", label_smoothing,
              "Probability that a preference is wrong; default: the objective's own.",
              between(0, 0.5));
  options.add("ld_alpha", ld_alpha,
              "LD-DPO's weight of the tokens beyond the shortest response's length.",
              between(0, 1));
  options.add("ld_reference", ld_reference,
              "LD-DPO weighs the reference's tokens in the same way.");
  options.add("rdpo_alpha", rdpo_alpha, "R-DPO's penalty for each token.", at_least(0.0));
  options.add("wpo_clamp", wpo_clamp, "WPO's weights are at most one, as in the official code.");
  options.add("ipo_mean", ipo_mean, "IPO compares means over tokens; false: sums.");
  options.add("desirable_weight", desirable_weight, "KTO's weight of desirable responses.",
              at_least(0.0));
  options.add("undesirable_weight", undesirable_weight, "KTO's weight of undesirable responses.",
              at_least(0.0));
  options.add("f_divergence", f_divergence,
              "Divergence from the reference that the objective rests on (arXiv 2309.16240).",
              one_of({"reverse-kl", "forward-kl", "js", "alpha"}));
  options.add("f_alpha", f_alpha, "The alpha divergence's own alpha.");
  options.add("source_weights", source_weights,
              "NAME=WEIGHT: how the sources of an example share alpha; those not named weigh 1.");
  options.add("source_temperature", source_temperature,
              "Sources share alpha by a softmax of their scores divided by this; default: only "
              "by source_weights.",
              above(0));
}

}  // namespace amalgam
