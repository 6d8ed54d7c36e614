// centre: what is left of S is the sum over the samples without their mean.
#include <cmath>
#include <vector>

#include "support/oracle.h"
#include "woodfisher/packed_triangle.h"

namespace woodfisher::test {

namespace {

CentreJob centring(Parameter& parameter, const StateRange& range, double sign) {
  CentreJob job;
  static_cast<StateRange&>(job) = range;
  job.gradient_sum = parameter.gradient_sum.data();
  job.count = static_cast<double>(parameter.plan.samples);
  job.sign = sign;
  return job;
}

// Entry (i, j) of the sum over (g - mean)(g - mean)^T.
Real centred(const Parameter& parameter, std::size_t a, std::size_t b) {
  const std::size_t n = parameter.plan.samples;
  if (parameter.mask[a] == 0 || parameter.mask[b] == 0) return 0;
  Real mean_a = 0;
  Real mean_b = 0;
  for (std::size_t s = 0; s < n; ++s) {
    mean_a += parameter.gradient(s, a);
    mean_b += parameter.gradient(s, b);
  }
  mean_a /= static_cast<Real>(n);
  mean_b /= static_cast<Real>(n);
  Real sum = 0;
  for (std::size_t s = 0; s < n; ++s) {
    sum += (parameter.gradient(s, a) - mean_a) * (parameter.gradient(s, b) - mean_b);
  }
  return sum;
}

void expect_centred(const Kernels& kernels, const Plan& plan) {
  Parameter parameter(plan);
  parameter.estimate(kernels);
  expect_done(kernels.centre(centring(parameter, parameter.all(), 1)), "centre");
  for (std::size_t block = plan.first_block; block < parameter.blocks(); ++block) {
    const double* state = parameter.state(block);
    for (std::size_t i = 0; i < parameter.order(block); ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        const Real exact =
            centred(parameter, parameter.begin(block) + i, parameter.begin(block) + j);
        const Real error = std::abs(state[packed_row(i) + j] - exact);
        expect_at_most(error, 1e-14L * static_cast<Real>(plan.samples), text("entry ", i, ", ", j));
      }
    }
  }
  expect(parameter.states.intact(), "guard bytes were written");
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("blocks of any order", [&] {
    for (std::size_t order : {1, 2, 7, 8, 9, 31, 64, 65}) {
      expect_centred(kernels, {.orders = {order, order + 3}, .samples = 13});
    }
  });

  specify("weights that were pruned, another layout, a chunk that begins later", [&] {
    expect_centred(kernels, {.orders = {24, 24, 12},
                             .samples = 30,
                             .axes = {12, 5, 1},
                             .pruned = 0.3,
                             .first_block = 1});
  });

  specify("sign -1 takes it back exactly where the sums are whole numbers", [&] {
    Parameter parameter({.orders = {17}, .samples = 16, .whole_gradients = true});
    parameter.estimate(kernels);
    const std::size_t length = packed_size(17);
    const std::vector<double> before(parameter.state(0), parameter.state(0) + length);
    expect_done(kernels.centre(centring(parameter, parameter.all(), 1)), "centre");
    expect(before != std::vector<double>(parameter.state(0), parameter.state(0) + length),
           "centring changes the state");
    expect_done(kernels.centre(centring(parameter, parameter.all(), -1)), "back");
    expect(before == std::vector<double>(parameter.state(0), parameter.state(0) + length),
           "the state is as it was");
  });

  specify("a run that is cancelled stops and says so", [&] {
    Parameter parameter({.orders = {64, 64}, .samples = 3});
    parameter.estimate(kernels);
    parameter.control[0] = 1;
    const Status status = kernels.centre(centring(parameter, parameter.all(), 1));
    expect(status.outcome == Outcome::kCancelled, "cancelled");
  });
}

}  // namespace woodfisher::test
