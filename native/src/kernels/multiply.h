// The inverse-Fisher-vector product, block by block.
#pragma once

#include <cstddef>

#include "kernels/apply_inverse.h"

namespace woodfisher::WOODFISHER_ISA {

inline Status multiply(const MultiplyJob& job) {
  const std::size_t widest = widest_block(job);
  Scratch scratch(apply_inverse_doubles(job, widest));
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  for (std::size_t block = job.from; block < job.to; ++block) {
    if (job.control.cancelled()) return kCancelled;
    const std::size_t begin = job.begin(block);
    const Status status =
        apply_inverse(job, block, scratch.data(), job.input + begin, job.output + begin);
    if (!status.done()) return status;
    job.control.block_done();
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
