// gram: S is the sum of the outer products, whatever the sizes of blocks and batches. The samples
// are small integers, so that every sum is exact and equality means equality.
#include <algorithm>
#include <cmath>

#include "support/oracle.h"
#include "woodfisher/packed_triangle.h"

namespace woodfisher::test {

namespace {

void expect_exact_block(Parameter& parameter, std::size_t block, const std::string& what) {
  const Matrix gram = gram_of(parameter, block);
  const std::size_t begin = parameter.begin(block);
  const double* s = parameter.state(block);
  for (std::size_t i = 0; i < gram.order(); ++i) {
    Real sum = 0;
    for (std::size_t n = 0; n < parameter.plan.samples; ++n) {
      if (parameter.mask[begin + i] != 0) sum += parameter.gradient(n, begin + i);
    }
    expect(parameter.gradient_sum[begin + i] == sum, text(what, ": gradient sum ", i));
    expect(parameter.square_sum[begin + i] == gram.at(i, i), text(what, ": square sum ", i));
    for (std::size_t j = 0; j <= i; ++j) {
      if (s[packed_row(i) + j] == gram.at(i, j)) continue;
      expect(false, text(what, ": S(", i, ", ", j, ") is ", s[packed_row(i) + j], ", not ",
                         gram.at(i, j)));
    }
  }
}

void expect_exact(const Kernels& kernels, Plan plan, std::size_t batch) {
  plan.whole_gradients = true;
  Parameter parameter(plan);
  const Parameter before = parameter;
  parameter.estimate(kernels, batch);
  const std::string what = text("first order ", plan.orders.front(), ", blocks ",
                                plan.orders.size(), ", N ", plan.samples, ", batch ", batch);
  for (std::size_t block = plan.first_block; block < parameter.blocks(); ++block) {
    expect_exact_block(parameter, block, what);
    const std::size_t end = parameter.state_begin(block) + packed_size(parameter.order(block));
    const double* slack = parameter.states.data() + end;
    expect(*slack == before.states[end], what + ": written behind the triangle");
  }
  expect(parameter.states.intact() && parameter.gradient_sum.intact() &&
             parameter.square_sum.intact() && parameter.low_order.intact(),
         what + ": guard bytes were written");
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("a block of any order is the exact sum, also beside a short last block", [&] {
    for (std::size_t order : sweeping_orders()) {
      expect_exact(kernels, {.orders = {order, order, order / 2 + 1}, .samples = 19}, 0);
    }
  });

  specify("a batch of any size is added to what is there", [&] {
    for (std::size_t count : {1, 2, 15, 16, 17, 127, 128, 129, 300}) {
      for (std::size_t order : {1, 7, 24, 50}) {
        expect_exact(kernels, {.orders = {order, order, 3}, .samples = count}, 0);
        expect_exact(kernels, {.orders = {order, 3}, .samples = 2 * count + 1}, count);
        expect_exact(kernels, {.orders = {order, 3}, .samples = count, .low_order = true}, 0);
      }
    }
  });

  specify("small blocks share a panel, however many there are", [&] {
    const auto repeated = [](std::size_t count, std::size_t order) {
      return std::vector<std::size_t>(count, order);
    };
    for (const auto& orders :
         {repeated(200, 1), repeated(64, 8), repeated(65, 8), repeated(66, 7), repeated(60, 9),
          repeated(23, 50), repeated(5, 256), std::vector<std::size_t>{512, 1, 511, 2, 505},
          std::vector<std::size_t>{1, 513, 1}, std::vector<std::size_t>{3, 100, 700, 100, 3}}) {
      expect_exact(kernels, {.orders = orders, .samples = 9}, 0);
      expect_exact(kernels, {.orders = orders, .samples = 9, .pruned = 0.3}, 4);
    }
  });

  specify("blocks before the chunk of states are left alone", [&] {
    expect_exact(kernels, {.orders = {9, 50, 50, 50, 7}, .samples = 33, .first_block = 2}, 0);
  });

  specify("pruned weights count as zero", [&] {
    for (double pruned : {0.1, 0.5, 0.99, 1.0}) {
      expect_exact(kernels, {.orders = {50, 50, 31}, .samples = 40, .pruned = pruned}, 0);
    }
  });

  specify("a batch without samples changes nothing", [&] {
    Parameter parameter({.orders = {50, 7}, .samples = 5});
    parameter.estimate(kernels);
    const Parameter before = parameter;
    expect_done(kernels.accumulate(parameter.accumulation(parameter.all(), 0, 0)), "empty batch");
    expect_same_bits(parameter.states, before.states, "states");
    expect_same_bits(parameter.square_sum, before.square_sum, "square sums");
  });

  specify("gradients between -1 and 1 are summed to rounding", [&] {
    Parameter parameter({.orders = {100}, .samples = 300});
    parameter.estimate(kernels);
    const Matrix gram = gram_of(parameter, 0);
    for (std::size_t i = 0; i < 100; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        const Real length = std::sqrt(gram.at(i, i) * gram.at(j, j));
        const Real error = std::fabs(parameter.state(0)[packed_row(i) + j] - gram.at(i, j));
        expect_at_most(error, 300 * 0x1p-53L * length, text("S(", i, ", ", j, ")"));
      }
    }
  });
}

}  // namespace woodfisher::test
