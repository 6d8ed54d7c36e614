// D = diag(F^-1) by both solvers against the dense inverse, over orders, sample counts and
// dampings.
#include <algorithm>
#include <cmath>

#include "support/oracle.h"

namespace woodfisher::test {

namespace {

void expect_inverted(const Kernels& kernels, Parameter& parameter, std::size_t block,
                     const Oracle& oracle, const std::string& what) {
  const std::size_t order = parameter.order(block);
  expect_done(kernels.invert(parameter.inversion(parameter.all())), what);
  Real worst = 0;
  Real trace = 0;
  Real inverse_trace = 0;
  for (std::size_t i = 0; i < order; ++i) {
    const Real exact = oracle.inverse.at(i, i);
    const Real d = parameter.diagonal[parameter.begin(block) + i];
    worst = std::max(worst, std::isfinite(d) ? std::fabs(d - exact) / exact : INFINITY);
    trace += oracle.fisher.at(i, i);
    inverse_trace += exact;
  }
  const Real allowed = tolerance(oracle.condition, order);
  expect_at_most(worst, allowed, what + ": relative error of D");

  const Real bound = trace * std::min(1 / Real{parameter.plan.damping}, inverse_trace);
  const Real reported = parameter.condition[block];
  expect_at_most(std::fabs(reported - bound), (allowed + 1e-9L) * bound, what + ": condition");
  const Real widest = static_cast<Real>(order * order);
  expect(reported >= oracle.condition * (1 - allowed), what + ": the bound is below cond(F)");
  // The oracle's condition number comes from below, by up to a tenth where eigenvalues are close.
  expect_at_most(reported, 1.2L * widest * oracle.condition, what + ": the bound is too large");
}

void expect_accurate(const Kernels& kernels, std::size_t order, std::size_t samples, double damping,
                     double pruned = 0) {
  Parameter parameter({.orders = {order},
                       .samples = samples,
                       .damping = damping,
                       .pruned = pruned,
                       .seed = order * 1000 + samples});
  const Oracle oracle(parameter, 0);
  for (Solver solver : {Solver::kGram, Solver::kWoodbury}) {
    parameter.plan.solver = solver;
    parameter.gradient_sum.fill(0);
    parameter.square_sum.fill(0);
    parameter.estimate(kernels, 37);
    expect_inverted(kernels, parameter, 0, oracle,
                    text(solver == Solver::kGram ? "gram" : "woodbury", ", B ", order, ", N ",
                         samples, ", lambda ", damping));
  }
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("D is as accurate as the condition allows, with fewer samples than weights", [&] {
    for (std::size_t order : sweeping_orders()) {
      for (double damping : {1.0, 1e-3, 1e-5, 1e-9}) {
        expect_accurate(kernels, order, std::max<std::size_t>(1, order / 2), damping);
      }
    }
  });

  specify("and with more", [&] {
    for (std::size_t order : sweeping_orders()) {
      expect_accurate(kernels, order, order + 3, 1e-5);
      if (order < 200) expect_accurate(kernels, order, 2 * order + 100, 1e-9);
    }
  });

  specify("and with a single sample", [&] {
    for (std::size_t order : {1, 2, 8, 50, 129}) expect_accurate(kernels, order, 1, 1e-5);
  });

  specify("and where weights were pruned before", [&] {
    for (std::size_t order : {2, 17, 50, 100}) {
      for (double pruned : {0.3, 0.9}) expect_accurate(kernels, order, 60, 1e-5, pruned);
    }
  });
}

}  // namespace woodfisher::test
