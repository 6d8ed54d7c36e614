// The loss of removing a group Q of weights together: w_Q^T [(F^-1)_QQ]^-1 w_Q / 2.
// A pair has the closed form by its 2 x 2 inverse; larger groups go through a small Cholesky.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/block_factor.h"

namespace woodfisher::WOODFISHER_ISA {

// (F^-1)_ij of a block: from P itself, or as the product of rows i and j of U^-1.
inline double inverse_entry(const GroupSaliencyJob& job, std::size_t block, Dense v, std::size_t i,
                            std::size_t j) {
  if (job.solver == Solver::kWoodbury) return entry(job.state(block), i, j);
  return dot(v.row(i), v.row(j), v.stride);
}

inline Status one_group(const GroupSaliencyJob& job, std::size_t group, std::size_t block, Dense v,
                        double* memory) {
  const std::uint32_t* q = job.indices + job.offsets[group];
  const std::size_t count = job.offsets[group + 1] - job.offsets[group];
  const std::size_t begin = job.begin(block);
  Dense a(memory, count);
  if (!a.clear(job.control)) return kCancelled;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = i; j < count; ++j) {
      a.at(i, j) = inverse_entry(job, block, v, q[i] - begin, q[j] - begin);
    }
  }
  double& saliency = job.saliencies[group];
  if (count == 2) {
    const double w0 = job.weights[q[0]];
    const double w1 = job.weights[q[1]];
    const double determinant = a.at(0, 0) * a.at(1, 1) - a.at(0, 1) * a.at(0, 1);
    if (!(determinant > 0)) return {.outcome = Outcome::kNotPositiveDefinite, .pivot = 1};
    saliency = (w0 * w0 * a.at(1, 1) - 2 * w0 * w1 * a.at(0, 1) + w1 * w1 * a.at(0, 0)) /
               (2 * determinant);
    return {};
  }
  if (Status status = factor(a, job.control); !status.done()) return status;
  double* x = memory + Dense::doubles(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = job.weights[q[i]];
  if (!solve_transposed(a, x, job.control)) return kCancelled;
  saliency = 0.5 * dot(x, x, count);
  return {};
}

// The block that holds weight c, searched from `block` on (groups are sorted by block).
inline std::size_t block_of(const BlockRange& range, std::size_t block, std::size_t c) {
  while (c >= range.starts[block + 1]) ++block;
  return block;
}

inline Status group_saliency(const GroupSaliencyJob& job) {
  const std::size_t widest = widest_block(job);
  std::size_t largest = 0;
  for (std::size_t g = job.group_from; g < job.group_to; ++g) {
    largest = std::max<std::size_t>(largest, job.offsets[g + 1] - job.offsets[g]);
  }
  Scratch scratch(2 * Dense::doubles(widest) + Dense::doubles(largest) + largest);
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  double* group_memory = scratch.data() + 2 * Dense::doubles(widest);
  std::size_t block = job.from;
  std::size_t ready = job.to;  // the block whose U^-1 stands in scratch
  for (std::size_t g = job.group_from; g < job.group_to; ++g) {
    if (job.control.cancelled()) return kCancelled;
    if (job.offsets[g] == job.offsets[g + 1]) {
      job.saliencies[g] = 0;
      continue;
    }
    block = block_of(job, block, job.indices[job.offsets[g]]);
    const Dense u(scratch.data(), job.order(block));
    const Dense v(scratch.data() + Dense::doubles(widest), job.order(block));
    if (ready != block && job.solver == Solver::kGram) {
      if (Status status = factor_fisher(job, block, u); !status.done()) return status;
      if (!invert_factor(u, v, job.control)) return kCancelled;
    }
    ready = block;
    const Status status = one_group(job, g, block, v, group_memory);
    if (!status.done()) return of_block(status, block);
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
