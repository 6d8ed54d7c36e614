// Sums of values between and at ascending thresholds of the scores: what a curve over the sparsity
// is made of. Sums of different ranges are merged by adding them.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/select.h"

namespace woodfisher::WOODFISHER_ISA {

// Up to so many thresholds, comparing with all of them beats a search whose branches nobody
// predicts: 24 take a third of its time.
inline constexpr std::size_t kComparedThresholds = 64;

// The first threshold that is at least `score`.
inline std::size_t first_not_below(const SumScoresJob& job, double score) {
  if (job.threshold_count > kComparedThresholds) {
    const double* end = job.thresholds + job.threshold_count;
    return static_cast<std::size_t>(std::lower_bound(job.thresholds, end, score) - job.thresholds);
  }
  std::size_t below = 0;
  for (std::size_t k = 0; k < job.threshold_count; ++k) below += job.thresholds[k] < score ? 1 : 0;
  return below;
}

inline Status sum_scores(const SumScoresJob& job) {
  const bool complete = for_each_kept(job, [&](std::size_t c) {
    const std::size_t j = first_not_below(job, job.scores[c]);
    if (j == job.threshold_count) return;
    job.sums[2 * j + (job.thresholds[j] == job.scores[c] ? 1 : 0)] += job.values[c];
  });
  return complete ? Status{} : kCancelled;
}

}  // namespace woodfisher::WOODFISHER_ISA
