// Scores by which weights are ranked; the cheapest are pruned.
#pragma once

#include <cmath>
#include <cstddef>

#include "kernels/random_score.h"
#include "kernels/vector.h"
#include "woodfisher/jobs.h"
#include "woodfisher/status.h"

namespace woodfisher::WOODFISHER_ISA {

inline double score_of(const ScoreJob& job, std::size_t c) {
  const double w = job.weights[c];
  switch (job.criterion) {
    case Criterion::kWoodFisher:
      return (w - job.first_order.shift(c)) * (w - job.first_order.shift(c)) /
             (2 * job.diagonal[c]);
    case Criterion::kDiagonalFisher:
      return w * w * (job.damping + job.square_sum[c] / job.samples) / 2;
    case Criterion::kMagnitude:
    case Criterion::kRandom:
      break;
  }
  return std::fabs(w);
}

inline void score_block(const ScoreJob& job, std::size_t block) {
  const std::size_t end = job.starts[block + 1];
  if (job.criterion == Criterion::kRandom) {
    const RandomScore random(job.seed, job.stream);
    for (std::size_t c = job.begin(block); c < end; ++c) {
      job.scores[c] = random.at(job.order_of_axes.model_index(c));
    }
    return;
  }
  for (std::size_t c = job.begin(block); c < end; ++c) job.scores[c] = score_of(job, c);
}

inline Status score(const ScoreJob& job) {
  for (std::size_t block = job.from; block < job.to; ++block) {
    if (job.control.cancelled()) return kCancelled;
    score_block(job, block);
    job.control.block_done();
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
