// Gradients that are zero, denormal or huge, and the smallest problems there are.
#include <cmath>
#include <functional>

#include "support/oracle.h"

namespace woodfisher::test {

namespace {

constexpr Solver kSolvers[] = {Solver::kGram, Solver::kWoodbury};
constexpr double kRounding = 0x1p-53;

Parameter with_gradients(Plan plan, const std::function<float(std::size_t)>& value) {
  Parameter parameter(plan);
  for (std::size_t i = 0; i < parameter.gradients.size(); ++i) parameter.gradients[i] = value(i);
  return parameter;
}

Status estimate_and_invert(const Kernels& kernels, Parameter& parameter) {
  expect_done(kernels.initialise(parameter.all()), "initialise");
  const std::size_t samples = parameter.plan.samples;
  const Status status = kernels.accumulate(parameter.accumulation(parameter.all(), 0, samples));
  return status.done() ? kernels.invert(parameter.inversion(parameter.all())) : status;
}

void expect_relative(double actual, long double expected, double limit, const std::string& what) {
  expect_at_most(std::fabs(actual - expected) / expected, limit, what);
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("without any gradient D is 1 / lambda", [&] {
    for (Solver solver : kSolvers) {
      for (double damping : {1.0, 1e-5, 1e-30, 1e30}) {
        const Plan plan = {
            .orders = {50, 17, 1}, .samples = 7, .solver = solver, .damping = damping};
        Parameter parameter = with_gradients(plan, [](std::size_t) { return 0.0f; });
        expect_done(estimate_and_invert(kernels, parameter), "invert");
        for (double d : parameter.diagonal) {
          expect_relative(d, 1 / static_cast<long double>(damping), 4 * kRounding, "D");
        }
      }
    }
  });

  specify("denormal gradients are as good as none", [&] {
    for (Solver solver : kSolvers) {
      const Plan plan = {.orders = {50, 17, 1}, .samples = 40, .solver = solver, .damping = 1e-5};
      Parameter parameter = with_gradients(plan, [](std::size_t i) {
        return static_cast<float>(static_cast<int>(i % 7) - 3) * 0x1p-149f;
      });
      expect_done(estimate_and_invert(kernels, parameter), "invert");
      for (double d : parameter.diagonal) expect_relative(d, 1e5L, 8 * kRounding, "D");
    }
  });

  specify("weights whose gradient is always zero have D = 1 / lambda among others", [&] {
    for (Solver solver : kSolvers) {
      Parameter parameter({.orders = {50, 100}, .samples = 70, .solver = solver, .damping = 1e-5});
      for (std::size_t i = 0; i < parameter.gradients.size(); ++i) {
        if (i % parameter.size() % 5 == 0) parameter.gradients[i] = 0;
      }
      expect_done(estimate_and_invert(kernels, parameter), "invert");
      for (std::size_t c = 0; c < parameter.size(); c += 5) {
        expect_relative(parameter.diagonal[c], 1e5L, 8 * kRounding, text("D of weight ", c));
      }
    }
  });

  specify("one weight and one sample: D = 1 / (lambda + g^2)", [&] {
    for (float g : {0.5f, -1.0f, 3e-20f, 1e-3f}) {
      for (Solver solver : kSolvers) {
        Parameter parameter =
            with_gradients({.orders = {1}, .samples = 1, .solver = solver, .damping = 1e-2},
                           [&](auto) { return g; });
        expect_done(estimate_and_invert(kernels, parameter), "invert");
        const long double exact = 1 / (1e-2L + static_cast<long double>(g) * g);
        expect_relative(parameter.diagonal[0], exact, 1000 * kRounding, text("D for g = ", g));
      }
    }
  });

  specify("gram: gradients of 1e18 are no worse than those of 1", [&] {
    for (std::size_t order : {1, 8, 50, 100}) {
      Parameter parameter({.orders = {order}, .samples = 2 * order + 20, .damping = 1e-5});
      for (float& g : parameter.gradients) g *= 1e18f;
      const Oracle oracle(parameter, 0);
      expect_done(estimate_and_invert(kernels, parameter), "invert");
      for (std::size_t i = 0; i < order; ++i) {
        expect_relative(parameter.diagonal[i], oracle.inverse.at(i, i), 1e-6, text("B ", order));
      }
    }
  });

  specify("where float64 can't tell, D is finite and positive or the failure is reported", [&] {
    for (Solver solver : kSolvers) {
      for (std::size_t order : {1, 2, 16, 50}) {
        for (float scale : {1e9f, 1e18f, 3e38f}) {
          Parameter parameter(
              {.orders = {order}, .samples = 20, .solver = solver, .damping = 1e-5});
          for (float& g : parameter.gradients) g *= scale;
          const Status status = estimate_and_invert(kernels, parameter);
          if (status.done()) {
            for (double d : parameter.diagonal) expect(std::isfinite(d) && d > 0, "D");
          } else {
            expect(status.outcome == Outcome::kNotPositiveDefinite, "the outcome");
            expect_equal<std::int64_t>(status.block, 0, "the block");
            expect(status.pivot >= 0 && status.pivot < 50, "the pivot");
          }
        }
      }
    }
  });

  specify("equal gradients that are far larger than lambda still give D within the condition", [&] {
    const Plan plan = {.orders = {17}, .samples = 100, .damping = 1e-6};
    Parameter parameter = with_gradients(plan, [](std::size_t) { return 1.0f; });
    const Oracle oracle(parameter, 0);
    expect_done(estimate_and_invert(kernels, parameter), "invert");
    for (std::size_t i = 0; i < 17; ++i) {
      const auto limit = static_cast<double>(tolerance(oracle.condition, 17));
      expect_relative(parameter.diagonal[i], oracle.inverse.at(i, i), limit, "D");
    }
  });
}

}  // namespace woodfisher::test
