// What the contract says a parameter's results are, computed from its samples in long double.
#pragma once

#include <cstddef>
#include <vector>

#include "matrix.h"
#include "parameter.h"

namespace woodfisher::test {

// S = sum of g g^T of a block, pruned coordinates counted as zero.
Matrix gram_of(const Parameter& parameter, std::size_t block);

// F = lambda I + S / N.
Matrix fisher_of(const Parameter& parameter, std::size_t block);

// F of a block, its inverse and its condition number (from below).
struct Oracle {
  Oracle(const Parameter& parameter, std::size_t block);

  Matrix fisher;
  Matrix inverse;
  Real condition;
};

// The mean gradient of a block.
Vector mean_gradient_of(const Parameter& parameter, std::size_t block);

// The bound that the design promises for D: 1e-6 relative where cond * 2^-53 < 1e-8, and
// 100 * cond * 2^-53 beyond. To it comes the oracle's own error.
Real tolerance(Real condition, std::size_t order);

// Orders at which some tile, strip, square or panel is full, one short or one over, and primes.
std::vector<std::size_t> sweeping_orders();

}  // namespace woodfisher::test
