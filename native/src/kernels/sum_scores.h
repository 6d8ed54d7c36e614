// Sums of values between and at ascending thresholds of the scores: what a curve over the sparsity
// is made of. Sums of different ranges are merged by adding them.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/select.h"

namespace woodfisher::WOODFISHER_ISA {

inline Status sum_scores(const SumScoresJob& job) {
  const double* end = job.thresholds + job.threshold_count;
  const bool complete = for_each_kept(job, [&](std::size_t c) {
    const double* found = std::lower_bound(job.thresholds, end, job.scores[c]);
    if (found == end) return;
    const std::size_t j = static_cast<std::size_t>(found - job.thresholds);
    job.sums[2 * j + (*found == job.scores[c] ? 1 : 0)] += job.values[c];
  });
  return complete ? Status{} : kCancelled;
}

}  // namespace woodfisher::WOODFISHER_ISA
