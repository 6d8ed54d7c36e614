// P of the blocks out of the inverses X (inner x inner) and Y of two Kronecker factors:
// P(c, c') = Y(o, o') X(i, i') for the weights c = o inner + i and c' of a block. Only the blocks
// are ever formed, order^2 / 2 products each.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/block_factor.h"

namespace woodfisher::WOODFISHER_ISA {

inline void kronecker_block(const KroneckerJob& job, std::size_t block) {
  const std::size_t begin = job.begin(block);
  double* out = job.state(block);
  for (std::size_t r = 0; r < job.order(block); ++r) {
    const std::size_t o = (begin + r) / job.inner;
    const std::size_t i = (begin + r) % job.inner;
    for (std::size_t s = 0; s <= r;) {
      const std::size_t other = (begin + s) / job.inner;
      const std::size_t end = std::min(r + 1, (other + 1) * job.inner - begin);
      const double y = entry(job.outer_inverse, o, other);
      for (std::size_t j = (begin + s) % job.inner; s < end; ++s, ++j) {
        *out++ = y * entry(job.inner_inverse, i, j);
      }
    }
  }
}

// Holds weight q of a block at 0: P <- P - P e_q e_q^T P / P_qq, and then its own row is that of
// I / lambda. 2 order^2 flops.
inline Status hold_at_zero(const KroneckerJob& job, std::size_t block, std::size_t q,
                           double* column) {
  const std::size_t order = job.order(block);
  double* p = job.state(block);
  const double pivot = p[packed_row(q) + q];
  if (!(pivot > 0) || !std::isfinite(pivot)) {
    return {.outcome = Outcome::kNotPositiveDefinite,
            .block = static_cast<std::int64_t>(block),
            .pivot = static_cast<std::int64_t>(q)};
  }
  for (std::size_t r = 0; r < order; ++r) column[r] = entry(p, r, q);
  for (std::size_t r = 0; r < order; ++r) {
    add_scaled(p + packed_row(r), column, -column[r] / pivot, r + 1);
  }
  for (std::size_t r = 0; r < order; ++r) {
    p[r >= q ? packed_row(r) + q : packed_row(q) + r] = r == q ? 1 / job.damping : 0;
  }
  return {};
}

inline Status kronecker(const KroneckerJob& job) {
  Scratch scratch(widest_block(job));
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  for (std::size_t block = job.from; block < job.to; ++block) {
    if (job.control.cancelled()) return kCancelled;
    kronecker_block(job, block);
    for (std::size_t q = 0; q < job.order(block); ++q) {
      if (job.mask[job.begin(block) + q] != 0) continue;
      if (job.control.cancelled()) return kCancelled;
      const Status status = hold_at_zero(job, block, q, scratch.data());
      if (!status.done()) return status;
    }
    job.control.block_done();
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
