// woodbury: the state is the whole inverse, from the first sample on.
#include "support/oracle.h"
#include "woodfisher/packed_triangle.h"

namespace woodfisher::test {

namespace {

Matrix unpack(Parameter& parameter, std::size_t block) {
  Matrix p(parameter.order(block));
  const double* packed = parameter.state(block);
  for (std::size_t i = 0; i < p.order(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) p.at(i, j) = p.at(j, i) = packed[packed_row(i) + j];
  }
  return p;
}

Plan plan_of(std::vector<std::size_t> orders, std::size_t samples, double damping = 1e-4) {
  return {.orders = std::move(orders),
          .samples = samples,
          .solver = Solver::kWoodbury,
          .damping = damping,
          .pruned = 0.1};
}

void expect_inverse(const Kernels& kernels, const Plan& plan, std::size_t batch) {
  Parameter parameter(plan);
  parameter.estimate(kernels, batch);
  for (std::size_t block = plan.first_block; block < parameter.blocks(); ++block) {
    const Oracle oracle(parameter, block);
    const std::string what = text("B ", parameter.order(block), ", N ", plan.samples, ", batch ",
                                  batch, ", lambda ", plan.damping);
    const Real allowed = tolerance(oracle.condition, parameter.order(block));
    expect_at_most(difference(unpack(parameter, block), oracle.inverse), allowed, what);
    const Matrix gram = gram_of(parameter, block);
    for (std::size_t i = 0; i < gram.order(); ++i) {
      const std::size_t c = parameter.begin(block) + i;
      expect_at_most(std::abs(parameter.square_sum[c] - gram.at(i, i)), 1e-13L * gram.at(i, i),
                     what + ": square sum");
    }
  }
  expect(parameter.states.intact(), "guard bytes were written");
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("without samples the inverse is I / lambda", [&] {
    Parameter parameter(plan_of({1, 9, 50}, 3));
    expect_done(kernels.initialise(parameter.all()), "initialise");
    for (std::size_t block = 0; block < parameter.blocks(); ++block) {
      const Matrix p = unpack(parameter, block);
      for (std::size_t i = 0; i < p.order(); ++i) {
        for (std::size_t j = 0; j < p.order(); ++j) {
          expect(p.at(i, j) == (i == j ? 1 / parameter.plan.damping : 0), "an entry of I / lambda");
        }
      }
    }
  });

  specify("the state of a block of any order is (lambda I + S / N)^-1", [&] {
    for (std::size_t order : sweeping_orders()) {
      expect_inverse(kernels, plan_of({order, order / 2 + 1}, 21), 0);
    }
  });

  specify("a batch of any size is taken in", [&] {
    for (std::size_t count : {1, 2, 15, 16, 17, 127, 128, 129, 300}) {
      expect_inverse(kernels, plan_of({24, 7}, count), 0);
      expect_inverse(kernels, plan_of({9, 5}, 2 * count + 1), count);
    }
  });

  specify("small damping costs accuracy only by the condition number", [&] {
    for (double damping : {1.0, 1e-6, 1e-9}) {
      for (std::size_t order : {8, 33, 100}) {
        expect_inverse(kernels, plan_of({order}, 150, damping), 64);
      }
    }
  });

  specify("batches of whole steps give the same bits as one batch", [&] {
    Parameter at_once(plan_of({50, 31}, 96));
    Parameter in_batches = at_once;
    at_once.estimate(kernels);
    in_batches.estimate(kernels, 16);
    expect_same_bits(in_batches.states, at_once.states, "states");
  });
}

}  // namespace woodfisher::test
