// The state of a block of B weights: the lower triangle of a symmetric matrix, row after row.
#pragma once

#include <cstddef>

namespace woodfisher {

// Where row i begins; entry (i, j), j <= i, is j places further on.
constexpr std::size_t packed_row(std::size_t i) {
  return i * (i + 1) / 2;
}

constexpr std::size_t packed_size(std::size_t order) {
  return packed_row(order);
}

}  // namespace woodfisher
