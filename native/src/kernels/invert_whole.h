// F^-1 of each block whole, for the factors of a Kronecker product.
#pragma once

#include <cstddef>

#include "kernels/full_inverse.h"

namespace woodfisher::WOODFISHER_ISA {

inline Status invert_whole_block(const InvertWholeJob& job, std::size_t block, double* memory) {
  const std::size_t order = job.order(block);
  const Dense p(memory, order);
  const Dense v(memory + Dense::doubles(order), order);
  if (Status status = factor_fisher(job, block, p); !status.done()) return status;
  if (!invert_factor(p, v, job.control) || !multiply_inverse_factor(v, p, job.control) ||
      !mirror_upper(p, job.control)) {
    return kCancelled;
  }
  pack_lower(p, job.inverses + (block - job.first_block) * job.stride);
  return {};
}

inline Status invert_whole(const InvertWholeJob& job) {
  Scratch scratch(2 * Dense::doubles(widest_block(job)));
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  for (std::size_t block = job.from; block < job.to; ++block) {
    if (job.control.cancelled()) return kCancelled;
    const Status status = invert_whole_block(job, block, scratch.data());
    if (!status.done()) return status;
    job.control.block_done();
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
