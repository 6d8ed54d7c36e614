// Random parameters through all kernels of the Fisher state: orders, axes, samples, batches and
// ranges as they come, in memory that ends where the job says. What is checked is what holds for
// every input: that nothing else is touched, and that the kernels agree with each other.
#include <algorithm>
#include <cmath>
#include <limits>

#include "support/parameter.h"

namespace woodfisher::test {

namespace {

constexpr int kRounds = 150;

// A split of `size` into outputs, before and after.
AxisOrder random_axes(Random& random, std::size_t size) {
  const auto divisor = [&](std::size_t n) {
    std::size_t d = random.from_to(1, n);
    while (n % d != 0) --d;
    return d;
  };
  const std::size_t outputs = divisor(size);
  const std::size_t before = divisor(size / outputs);
  return {outputs, before, size / outputs / before};
}

Plan random_plan(Random& random, Solver solver) {
  Plan plan;
  const std::size_t longest = random.chance(0.1) ? 200 : 40;
  std::size_t size = 0;
  for (std::size_t blocks = random.from_to(1, 6); blocks > 0; --blocks) {
    plan.orders.push_back(random.from_to(1, longest));
    size += plan.orders.back();
  }
  plan.solver = solver;
  plan.first_block = random.below(plan.orders.size());
  plan.axes = random_axes(random, size);
  plan.samples = random.from_to(1, 150);
  if (solver == Solver::kDual) {
    const std::size_t least = *std::min_element(plan.orders.begin(), plan.orders.end());
    plan.samples = random.from_to(1, std::max<std::size_t>(1, least - 1));
  }
  plan.low_order = solver == Solver::kGram && random.chance(0.3);
  plan.pruned = random.chance(0.5) ? 0 : random.uniform();
  plan.seed = random.bits();
  return plan;
}

// Samples in batches, blocks in ranges, both cut at random.
void estimate(const Kernels& kernels, Random& random, Parameter& parameter) {
  expect_done(kernels.initialise(parameter.all()), "initialise");
  const std::size_t samples = parameter.plan.samples;
  for (std::size_t n = 0, count = 0; n < samples; n += count) {
    count = random.from_to(1, samples - n);
    for (std::size_t from = parameter.plan.first_block, to = 0; from < parameter.blocks();
         from = to) {
      to = random.from_to(from + 1, parameter.blocks());
      expect_done(kernels.accumulate(parameter.accumulation(parameter.range(from, to), n, count)),
                  "accumulate");
    }
  }
}

// (F^-1 e_q)_q = D_q, for one weight q of each block.
void expect_multiply_agrees(const Kernels& kernels, Random& random, Parameter& parameter) {
  std::fill(parameter.input.begin(), parameter.input.end(), 0.0);
  std::vector<std::size_t> chosen;
  for (std::size_t b = parameter.plan.first_block; b < parameter.blocks(); ++b) {
    chosen.push_back(parameter.begin(b) + random.below(parameter.order(b)));
    parameter.input[chosen.back()] = 1;
  }
  expect_done(kernels.multiply(parameter.multiplication(parameter.all())), "multiply");
  for (std::size_t q : chosen) {
    const double d = parameter.diagonal[q];
    expect_at_most(std::fabs(parameter.output[q] - d) / d, 1e-8L, text("F^-1 at weight ", q));
  }
}

// The first removal of each block is that of the lowest u^2 / (2 D), all others cost something.
void expect_traced(const Kernels& kernels, Random& random, Parameter& parameter) {
  const Parameter before = parameter;
  expect_done(kernels.greedy(parameter.tracing(parameter.all(), random.uniform())), "greedy");
  expect(parameter.keys.intact() && parameter.marginal_losses.intact(), "guards of the keys");
  expect_unchanged_outside(parameter.keys, before.keys, parameter.begin(parameter.plan.first_block),
                           parameter.size(), "keys");
  for (std::size_t c = parameter.begin(parameter.plan.first_block); c < parameter.size(); ++c) {
    const double key = parameter.keys[c];
    expect(std::isfinite(key) && key >= parameter.marginal_losses[c], text("key ", c, ": ", key));
  }
  expect_done(kernels.greedy(parameter.tracing(parameter.all())), "greedy");
  for (std::size_t b = parameter.plan.first_block; b < parameter.blocks(); ++b) {
    double cheapest = std::numeric_limits<double>::infinity();
    double first = cheapest;
    for (std::size_t c = parameter.begin(b); c < parameter.starts[b + 1]; ++c) {
      if (parameter.mask[c] == 0) continue;
      const double w = parameter.weights[c];
      cheapest = std::min(cheapest, w * w / (2 * parameter.diagonal[c]));
      first = std::min(first, parameter.keys[c]);
    }
    if (std::isfinite(first)) {
      expect_at_most(std::fabs(first - cheapest), 1e-8L * cheapest, text("first of block ", b));
    }
  }
  expect_same_bits(parameter.states, before.states, "greedy, states");
}

void expect_pruned(const Parameter& now, const Parameter& before, const std::string& what) {
  for (std::size_t c = now.begin(now.plan.first_block); c < now.size(); ++c) {
    if (now.mask_after[c] == 0) expect_equal(now.weights[c], 0.0f, what + ": a pruned weight");
    expect(std::isfinite(now.weights[c]), what + ": a weight is not finite");
  }
  expect_unchanged_outside(now.weights, before.weights, now.begin(now.plan.first_block), now.size(),
                           what);
  expect_same_bits(now.states, before.states, what + ", states");
}

void expect_intact(const Parameter& p) {
  expect(p.states.intact() && p.low_order.intact() && p.rows.intact(), "guards of the state");
  expect(p.gradient_sum.intact() && p.square_sum.intact(), "guards of the sums");
  expect(p.diagonal.intact() && p.condition.intact() && p.output.intact(), "guards of the inverse");
  expect(p.weights.intact() && p.losses.intact(), "guards of the update");
}

void run(const Kernels& kernels, Random& random, Solver solver) {
  Parameter parameter(random_plan(random, solver));
  estimate(kernels, random, parameter);
  expect_done(kernels.invert(parameter.inversion(parameter.all())), "invert");
  for (std::size_t c = parameter.begin(parameter.plan.first_block); c < parameter.size(); ++c) {
    const double d = parameter.diagonal[c];
    expect(d > 0 && d <= (1 + 1e-9) / parameter.plan.damping, text("D of weight ", c, ": ", d));
  }
  expect_multiply_agrees(kernels, random, parameter);
  expect_traced(kernels, random, parameter);
  double losses[2] = {0, 0};
  for (UpdateRule rule : {UpdateRule::kIndependent, UpdateRule::kJoint}) {
    Parameter pruned = parameter;
    expect_done(kernels.update(pruned.pruning(pruned.all(), rule)), "update");
    expect_pruned(pruned, parameter, text("rule ", static_cast<int>(rule)));
    for (std::size_t b = pruned.plan.first_block; b < pruned.blocks(); ++b) {
      losses[rule == UpdateRule::kJoint] += pruned.losses[2 * b];
    }
    expect_intact(pruned);
  }
  expect_at_most(losses[1], losses[0] * (1 + 1e-5L) + 1e-12L, "joint is not worse");
  expect_intact(parameter);
}

}  // namespace

void specifications(const Kernels& kernels) {
  for (const auto& [name, solver] :
       {std::pair{"gram", Solver::kGram}, std::pair{"woodbury", Solver::kWoodbury},
        std::pair{"dual", Solver::kDual}}) {
    specify(text(name, ": random parameters through all kernels"), [&, solver = solver] {
      Random random(static_cast<std::uint64_t>(solver) + 31);
      for (int round = 0; round < kRounds; ++round) run(kernels, random, solver);
    });
  }
}

}  // namespace woodfisher::test
