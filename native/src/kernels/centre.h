// centre: S -= s s^T / N with s the sum of the samples, so that S is the sum over (g - mean) (g -
// mean)^T; B^2 flops a block. Sign -1 takes it back. For gram.
#pragma once

#include <cstddef>

#include "kernels/vector.h"
#include "woodfisher/jobs.h"
#include "woodfisher/packed_triangle.h"
#include "woodfisher/status.h"

namespace woodfisher::WOODFISHER_ISA {

inline Status centre(const CentreJob& job) {
  constexpr std::size_t kRows = 64;  // between two looks at the control word
  for (std::size_t block = job.from; block < job.to; ++block) {
    const double* sum = job.gradient_sum + job.begin(block);
    double* state = job.state(block);
    for (std::size_t i = 0; i < job.order(block); ++i) {
      if (i % kRows == 0 && job.control.cancelled()) return kCancelled;
      const double scale = job.sign * sum[i] / job.count;
      double* row = state + packed_row(i);
      for (std::size_t j = 0; j <= i; ++j) row[j] -= scale * sum[j];
    }
    job.control.block_done();
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
