// The inverse-Fisher-vector product, block by block.
#pragma once

#include <cstddef>

#include "kernels/block_factor.h"

namespace woodfisher::WOODFISHER_ISA {

inline Status multiply(const MultiplyJob& job) {
  const std::size_t widest = widest_block(job);
  Scratch scratch(job.solver == Solver::kGram ? Dense::doubles(widest) : 0);
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  for (std::size_t block = job.from; block < job.to; ++block) {
    if (job.control.cancelled()) return kCancelled;
    const std::size_t begin = job.begin(block);
    const Status status = apply_inverse(job, block, Dense(scratch.data(), job.order(block)),
                                        job.input + begin, job.output + begin);
    if (!status.done()) return status;
    job.control.block_done();
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
