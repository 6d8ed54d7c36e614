// A block's F = lambda I + S / N in factored form (gram), and products with its inverse (both
// solvers).
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/factor.h"
#include "woodfisher/jobs.h"
#include "woodfisher/scratch.h"

namespace woodfisher::WOODFISHER_ISA {

inline std::size_t widest_block(const BlockRange& range) {
  std::size_t widest = 0;
  for (std::size_t b = range.from; b < range.to; ++b) widest = std::max(widest, range.order(b));
  return padded(widest);
}

inline Status out_of_memory(const Scratch& scratch) {
  return {.outcome = Outcome::kOutOfMemory, .value = static_cast<double>(scratch.bytes())};
}

inline Status of_block(Status status, std::size_t block) {
  status.block = static_cast<std::int64_t>(block);
  return status;
}

// U with U^T U = A, the packed A / divisor + shift I over the rows that `index` names.
template <typename Index>
inline Status factor_packed(const double* packed, Index index, double divisor, double shift,
                            Dense u, const Control& control) {
  if (!unpack_upper(packed, index, divisor, shift, u, control)) return kCancelled;
  return factor(u, control);
}

inline std::size_t every_row(std::size_t i) {
  return i;
}

// U with U^T U = F. For gram.
inline Status factor_fisher(const StateRange& range, std::size_t block, Dense u) {
  return of_block(
      factor_packed(range.state(block), every_row, range.samples, range.damping, u, range.control),
      block);
}

}  // namespace woodfisher::WOODFISHER_ISA
