// F and its inverse as full matrices, for what takes an inverse apart; D alone needs neither.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "kernels/block_factor.h"

namespace woodfisher::WOODFISHER_ISA {

// A <- A^T. False: cancelled.
inline bool transpose(Dense a, const Control& control) {
  return for_each_lower_square(a.order, control,
                               [&](std::size_t i, std::size_t from, std::size_t to) {
                                 for (std::size_t j = from; j < to; ++j) {
                                   std::swap(a.at(i, j), a.at(j, i));
                                 }
                               });
}

// Upper triangle of P = V V^T, V = U^-1 upper; V becomes its transpose. By panels of rows of V^T,
// which are zero behind the diagonal: 2/3 order^3 flops. False: cancelled.
inline bool multiply_inverse_factor(Dense v, Dense p, const Control& control) {
  if (!transpose(v, control) || !p.clear(control)) return false;
  for (std::size_t q = 0; q < p.order; q += kFactorPanel) {
    const std::size_t end = std::min(q + kFactorPanel, p.order);
    const Columns rows{v.row(q), v.stride, kStrip};
    if (!update_upper<Sign::kPlus>(p, 0, end, rows, end - q, control)) return false;
  }
  return true;
}

// Upper triangle of F of a block of dual, over the rows index(0) ... index(order - 1); `panel`
// has the size of F. N order^2 flops. False: cancelled.
template <typename Index>
inline bool fisher_from_samples(const StateRange& range, std::size_t block, Index index, Dense f,
                                Dense panel) {
  if (!f.clear(range.control)) return false;
  const std::size_t columns = range.order(block);
  const std::size_t depth = std::min(panel.stride, static_cast<std::size_t>(64));
  for (std::size_t n = 0; n < range.sample_count(); n += depth) {
    if (range.control.cancelled()) return false;
    const std::size_t rows = std::min(depth, range.sample_count() - n);
    for (std::size_t k = 0; k < rows; ++k) {
      const float* g = range.rows_of(block) + (n + k) * columns;
      for (std::size_t i = 0; i < f.order; ++i) panel.at(k, i) = g[index(i)];
      std::fill(panel.row(k) + f.order, panel.row(k) + panel.stride, 0.0);
    }
    const Columns samples{panel.data, panel.stride, kStrip};
    if (!update_upper<Sign::kPlus>(f, 0, f.order, samples, rows, range.control)) return false;
  }
  for (std::size_t i = 0; i < f.order; ++i) {
    if (i % kSquare == 0 && range.control.cancelled()) return false;
    for (std::size_t j = i; j < f.order; ++j) f.at(i, j) /= range.samples;
    f.at(i, i) += range.damping;
  }
  return true;
}

}  // namespace woodfisher::WOODFISHER_ISA
