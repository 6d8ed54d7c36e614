// The blocks of a Kronecker product of two inverses, and the whole inverses they are made of.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "support/oracle.h"
#include "woodfisher/packed_triangle.h"

namespace woodfisher::test {

namespace {

// A packed matrix that dominates by its diagonal, and its entries.
std::vector<double> dominant(std::size_t order, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> packed(packed_size(order));
  for (std::size_t i = 0; i < order; ++i) {
    for (std::size_t j = 0; j <= i; ++j) packed[packed_row(i) + j] = random.between(-1, 1);
    packed[packed_row(i) + i] = static_cast<double>(order) + 1;
  }
  return packed;
}

double at(const std::vector<double>& packed, std::size_t i, std::size_t j) {
  return i >= j ? packed[packed_row(i) + j] : packed[packed_row(j) + i];
}

KroneckerJob product(Parameter& parameter, std::size_t from, std::size_t to, std::size_t inner,
                     const std::vector<double>& x, const std::vector<double>& y) {
  return {parameter.range(from, to), inner, x.data(), y.data(), parameter.mask.data()};
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("blocks are those of the product, and no other is written", [&] {
    const std::size_t inner = 13;
    Parameter parameter({.orders = {17, 30, 1, 43}, .solver = Solver::kWoodbury});
    parameter.states.fill(-777);
    const auto before = parameter.states;
    const auto x = dominant(inner, 1);
    const auto y = dominant(7, 2);
    expect_done(kernels.kronecker(product(parameter, 1, 3, inner, x, y)), "kronecker");
    for (std::size_t block : {1, 2}) {
      for (std::size_t r = 0; r < parameter.order(block); ++r) {
        for (std::size_t s = 0; s <= r; ++s) {
          const std::size_t c = parameter.begin(block) + r;
          const std::size_t d = parameter.begin(block) + s;
          const double exact = at(y, c / inner, d / inner) * at(x, c % inner, d % inner);
          expect(parameter.state(block)[packed_row(r) + s] == exact, text(c, ", ", d));
        }
      }
    }
    expect_unchanged_outside(parameter.states, before, parameter.state_begin(1),
                             parameter.state_begin(2) + 1, "range");
  });

  specify("what was pruned before is held at zero, which lowers P of the others", [&] {
    const std::size_t inner = 9;
    Parameter parameter(
        {.orders = {36}, .solver = Solver::kWoodbury, .damping = 0.25, .pruned = 0.5});
    const auto x = dominant(inner, 3);
    const auto y = dominant(4, 4);
    expect_done(kernels.kronecker(product(parameter, 0, 1, inner, x, y)), "kronecker");
    for (std::size_t q = 0; q < 36; ++q) {
      for (std::size_t r = 0; r < 36; ++r) {
        const std::size_t row = std::max(q, r);
        const double value = parameter.state(0)[packed_row(row) + std::min(q, r)];
        const bool held = parameter.mask[q] == 0 || parameter.mask[r] == 0;
        if (held) expect(value == (q == r ? 4 : 0), text("held ", q, ", ", r));
        if (q == r) expect(value > 0, "a diagonal that is not positive");
        if (q == r && !held) {
          const double whole = at(y, q / inner, q / inner) * at(x, q % inner, q % inner);
          expect(value <= whole, "holding others at zero can only lower P");
        }
      }
    }
  });

  specify("the whole inverse is that of the oracle", [&] {
    for (std::size_t order : {1, 8, 33, 100}) {
      Parameter parameter({.orders = {order}, .samples = order + 5, .damping = 1e-2});
      parameter.estimate(kernels);
      const Oracle oracle(parameter, 0);
      Guarded<double> inverses(parameter.states.size(), -777);
      expect_done(kernels.invert_whole({parameter.all(), inverses.data()}), "invert_whole");
      Real largest = 0;
      for (std::size_t i = 0; i < order; ++i) largest = std::max(largest, oracle.inverse.at(i, i));
      for (std::size_t i = 0; i < order; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          const Real error = std::fabs(inverses[packed_row(i) + j] - oracle.inverse.at(i, j));
          expect_at_most(error, tolerance(oracle.condition, order) * largest, text(i, ", ", j));
        }
      }
    }
  });
}

}  // namespace woodfisher::test
