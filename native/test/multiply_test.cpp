// The inverse-Fisher-vector product, block by block, against the dense inverse.
#include <cmath>

#include "support/oracle.h"

namespace woodfisher::test {

namespace {

// The block's part of an array by weight.
template <typename Array>
Vector part(const Parameter& parameter, std::size_t block, const Array& values) {
  Vector x;
  for (std::size_t c = parameter.begin(block); c < parameter.starts[block + 1]; ++c) {
    x.push_back(values[c]);
  }
  return x;
}

void expect_product(const Kernels& kernels, const Plan& plan) {
  Parameter parameter(plan);
  parameter.estimate(kernels, 50);
  expect_done(kernels.multiply(parameter.multiplication(parameter.all())), "multiply");
  for (std::size_t block = plan.first_block; block < parameter.blocks(); ++block) {
    const Oracle oracle(parameter, block);
    const Vector exact = product(oracle.inverse, part(parameter, block, parameter.input));
    Vector error = part(parameter, block, parameter.output);
    for (std::size_t i = 0; i < error.size(); ++i) error[i] -= exact[i];
    const Real allowed = tolerance(oracle.condition, error.size()) * norm(exact);
    expect(std::isfinite(norm(error)), "the product is finite");
    expect_at_most(norm(error), allowed, text("B ", error.size(), ", N ", plan.samples));
  }
  expect(parameter.output.intact(), "guard bytes were written");
}

}  // namespace

void specifications(const Kernels& kernels) {
  for (Solver solver : {Solver::kGram, Solver::kWoodbury}) {
    const std::string name = solver == Solver::kGram ? "gram: " : "woodbury: ";
    specify(name + "blocks of any order, fewer samples than weights and more", [&] {
      for (std::size_t order : sweeping_orders()) {
        expect_product(kernels, {.orders = {order, order / 2 + 1},
                                 .samples = order / 2 + 1,
                                 .solver = solver,
                                 .damping = 1e-5});
        if (order > 200) continue;
        expect_product(kernels, {.orders = {order},
                                 .samples = 2 * order + 40,
                                 .solver = solver,
                                 .damping = 1e-5,
                                 .pruned = 0.2});
      }
    });

    specify(name + "the product undoes F", [&] {
      Parameter parameter({.orders = {64, 33}, .samples = 120, .solver = solver});
      parameter.estimate(kernels);
      Vector expected;
      for (std::size_t block = 0; block < parameter.blocks(); ++block) {
        const Vector x = part(parameter, block, parameter.input);
        const Vector fx = product(fisher_of(parameter, block), x);
        for (std::size_t i = 0; i < fx.size(); ++i) {
          parameter.input[parameter.begin(block) + i] = static_cast<double>(fx[i]);
          expected.push_back(x[i]);
        }
      }
      expect_done(kernels.multiply(parameter.multiplication(parameter.all())), "multiply");
      for (std::size_t c = 0; c < parameter.size(); ++c) {
        expect_at_most(std::fabs(parameter.output[c] - expected[c]), 1e-9L, text("weight ", c));
      }
    });
  }
}

}  // namespace woodfisher::test
