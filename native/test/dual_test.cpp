// dual: the samples themselves are kept, and an N x N system answers in place of a B x B one.
#include <algorithm>
#include <cmath>

#include "support/oracle.h"

namespace woodfisher::test {

namespace {

Plan plan_of(std::vector<std::size_t> orders, std::size_t samples, double damping, Solver solver) {
  return {.orders = std::move(orders),
          .samples = samples,
          .solver = solver,
          .damping = damping,
          .pruned = 0.1,
          .seed = samples + 7};
}

// Samples that dual is for beside a block of this order: fewer than 0.8 of it.
std::vector<std::size_t> sample_counts(std::size_t order) {
  std::vector<std::size_t> counts = {1};
  for (std::size_t count : {order / 3, order * 3 / 4}) {
    if (count > 1) counts.push_back(count);
  }
  return counts;
}

void expect_inverse(const Kernels& kernels, std::size_t order, std::size_t samples,
                    double damping) {
  Parameter parameter(plan_of({order, order / 2 + 1}, samples, damping, Solver::kDual));
  parameter.estimate(kernels, 5);
  const std::string what = text("B ", order, ", N ", samples, ", lambda ", damping);
  expect_done(kernels.invert(parameter.inversion(parameter.all())), what);
  expect_done(kernels.multiply(parameter.multiplication(parameter.all())), what);
  const Oracle oracle(parameter, 0);
  const Real allowed = tolerance(oracle.condition, order);
  for (std::size_t i = 0; i < order; ++i) {
    const Real exact = oracle.inverse.at(i, i);
    expect_at_most(std::fabs(parameter.diagonal[i] - exact) / exact, allowed, what + ": D");
    Real product = 0;
    for (std::size_t j = 0; j < order; ++j) product += oracle.inverse.at(i, j) * parameter.input[j];
    expect_at_most(std::fabs(parameter.output[i] - product),
                   allowed * static_cast<Real>(order) / damping, what + ": product");
  }
  expect(parameter.rows.intact(), "guard bytes around the samples were written");
  expect(parameter.diagonal.intact() && parameter.output.intact(), "guard bytes were written");
}

struct Pruned {
  std::vector<float> weights;
  std::vector<double> losses;
};

Pruned prune(const Kernels& kernels, const Plan& plan, UpdateRule rule) {
  Parameter parameter(plan);
  parameter.estimate(kernels, 16);
  expect_done(kernels.update(parameter.pruning(parameter.all(), rule)), "update");
  expect(parameter.weights.intact() && parameter.losses.intact(), "guard bytes were written");
  return {{parameter.weights.begin(), parameter.weights.end()},
          {parameter.losses.begin(), parameter.losses.end()}};
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("D and products of blocks of any order", [&] {
    for (std::size_t order : sweeping_orders()) {
      if (order < 2) continue;
      for (std::size_t samples : sample_counts(order)) {
        // The smaller block of the plan must have more weights than there are samples, too.
        if (samples >= order / 2 + 1) continue;
        for (double damping : {1.0, 1e-4}) expect_inverse(kernels, order, samples, damping);
      }
    }
  });

  specify("weights and losses of every update are those of gram", [&] {
    for (std::size_t order : {3, 8, 33, 100, 257}) {
      for (UpdateRule rule : {UpdateRule::kNone, UpdateRule::kIndependent, UpdateRule::kJoint}) {
        const std::size_t samples = std::max<std::size_t>(1, order / 3);
        const Pruned dual =
            prune(kernels, plan_of({order, order - 1}, samples, 1e-2, Solver::kDual), rule);
        const Pruned gram =
            prune(kernels, plan_of({order, order - 1}, samples, 1e-2, Solver::kGram), rule);
        for (std::size_t i = 0; i < gram.weights.size(); ++i) {
          expect_at_most(std::fabs(dual.weights[i] - gram.weights[i]), 1e-5L, "a weight");
        }
        for (std::size_t i = 0; i < gram.losses.size(); ++i) {
          expect_at_most(std::fabs(dual.losses[i] - gram.losses[i]),
                         1e-5L * (1 + std::fabs(gram.losses[i])), "a loss");
        }
      }
    }
  });

  specify("without any gradient D is 1 / lambda", [&] {
    Parameter parameter(plan_of({20, 9}, 3, 1e-3, Solver::kDual));
    std::fill(parameter.gradients.begin(), parameter.gradients.end(), 0.0f);
    parameter.estimate(kernels);
    expect_done(kernels.invert(parameter.inversion(parameter.all())), "invert");
    for (double d : parameter.diagonal) expect(d == 1 / 1e-3, "D");
  });
}

}  // namespace woodfisher::test
