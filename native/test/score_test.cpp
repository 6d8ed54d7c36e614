// The scores of the criteria, by their formulas.
#include <cmath>
#include <utility>

#include "support/parameter.h"

namespace woodfisher::test {

namespace {

struct Scores {
  explicit Scores(const Plan& plan) : parameter(plan), scores(parameter.size(), -777) {
    Random random(21);
    for (std::size_t c = 0; c < parameter.size(); ++c) {
      parameter.diagonal[c] = random.between(1e-3, 1e3);
      parameter.square_sum[c] = random.between(0, 100);
    }
    parameter.weights[0] = 0x1p-149f;
    parameter.weights[1] = -3e38f;
    parameter.weights[2] = -0.0f;
  }

  ScoreJob job(Criterion criterion, std::size_t from, std::size_t to) {
    const bool fisher = criterion == Criterion::kWoodFisher;
    const bool squares = criterion == Criterion::kDiagonalFisher;
    return {parameter.range(from, to),
            criterion,
            parameter.weights.data(),
            fisher ? parameter.diagonal.data() : nullptr,
            squares ? parameter.square_sum.data() : nullptr,
            static_cast<double>(parameter.plan.samples),
            parameter.plan.damping,
            scores.data()};
  }

  double expected(Criterion criterion, std::size_t c) const {
    const double w = parameter.weights[c];
    const double samples = static_cast<double>(parameter.plan.samples);
    if (criterion == Criterion::kWoodFisher) return w * w / (2 * parameter.diagonal[c]);
    if (criterion == Criterion::kMagnitude) return std::fabs(w);
    return w * w * (parameter.plan.damping + parameter.square_sum[c] / samples) / 2;
  }

  Parameter parameter;
  Guarded<double> scores;
};

constexpr Criterion kCriteria[] = {Criterion::kWoodFisher, Criterion::kDiagonalFisher,
                                   Criterion::kMagnitude};

ScoreJob random_job(Scores& scores, AxisOrder order, std::uint32_t seed, std::uint32_t stream) {
  ScoreJob job = scores.job(Criterion::kRandom, 0, 2);
  job.order_of_axes = order;
  job.seed = seed;
  job.stream = stream;
  return job;
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("a score is what its formula says, without the arrays that it does not use", [&] {
    for (Criterion criterion : kCriteria) {
      Scores one({.orders = {50, 17, 1, 129}, .samples = 7});
      expect_done(kernels.score(one.job(criterion, 0, 4)), "score");
      for (std::size_t c = 0; c < one.parameter.size(); ++c) {
        const double exact = one.expected(criterion, c);
        expect_at_most(std::fabs(one.scores[c] - exact), 4 * 0x1p-53L * exact, text("weight ", c));
        expect(!std::signbit(one.scores[c]), "a score has no sign");
      }
    }
  });

  specify("random scores depend on seed, stream and the model's index alone", [&] {
    Scores one({.orders = {50, 70}, .samples = 7});
    Scores other({.orders = {113, 7}, .samples = 7});
    expect_done(kernels.score(random_job(one, {120, 1, 1}, 5, 1)), "by rows");
    expect_done(kernels.score(random_job(other, {6, 4, 5}, 5, 1)), "other layout, other blocks");
    const AxisOrder order{6, 4, 5};
    for (std::size_t c = 0; c < 120; ++c) {
      expect(one.scores[c] >= 0 && one.scores[c] < 1, "outside [0, 1)");
      expect(other.scores[c] == one.scores[order.model_index(c)], "not the score of its index");
    }
    for (const auto& [seed, stream] : {std::pair{6u, 1u}, std::pair{5u, 2u}}) {
      expect_done(kernels.score(random_job(other, {120, 1, 1}, seed, stream)), "another seed");
      for (std::size_t c = 0; c < 120; ++c) expect(other.scores[c] != one.scores[c], "the same");
    }
  });

  specify("a range of blocks is scored and nothing else is written", [&] {
    for (Criterion criterion : kCriteria) {
      Scores all({.orders = {50, 17, 1, 129, 8}, .samples = 7});
      Scores some = all;
      const Scores before = all;
      expect_done(kernels.score(all.job(criterion, 0, 5)), "all");
      expect_done(kernels.score(some.job(criterion, 1, 4)), "some");
      expect_unchanged_outside(some.scores, before.scores, 50, 197, "range");
      expect(same_bits(some.scores.span().subspan(50, 147), all.scores.span().subspan(50, 147)),
             "other bits");
    }
  });
}

}  // namespace woodfisher::test
