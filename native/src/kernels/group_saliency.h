// The loss of removing a group Q of weights together: x^T [(F^-1)_QQ]^-1 x / 2 with
// x = (w - alpha h)_Q.
// A pair has the closed form by its 2 x 2 inverse; larger groups go through a small Cholesky.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/inverse_entries.h"

namespace woodfisher::WOODFISHER_ISA {

inline Status one_group(const GroupSaliencyJob& job, std::size_t group, std::size_t begin,
                        const InverseEntries& inverse, double* memory) {
  const std::uint32_t* q = job.indices + job.offsets[group];
  const std::size_t count = job.offsets[group + 1] - job.offsets[group];
  Dense a(memory, count);
  if (!a.clear(job.control)) return kCancelled;
  for (std::size_t i = 0; i < count; ++i) {
    if (job.control.cancelled()) return kCancelled;
    for (std::size_t j = i; j < count; ++j) {
      a.at(i, j) = inverse.at(q[i] - begin, q[j] - begin);
    }
  }
  const auto failed_at = [&](std::int64_t member) {
    return Status{.outcome = Outcome::kNotPositiveDefinite,
                  .pivot = static_cast<std::int64_t>(q[member] - begin)};
  };
  const auto weight = [&](std::size_t member) {
    return job.weights[q[member]] - job.first_order.shift(q[member]);
  };
  double& saliency = job.saliencies[group];
  if (count == 2) {
    const double w0 = weight(0);
    const double w1 = weight(1);
    const double determinant = a.at(0, 0) * a.at(1, 1) - a.at(0, 1) * a.at(0, 1);
    if (!(a.at(0, 0) > 0)) return failed_at(0);
    if (!(determinant > 0)) return failed_at(1);
    saliency = (w0 * w0 * a.at(1, 1) - 2 * w0 * w1 * a.at(0, 1) + w1 * w1 * a.at(0, 0)) /
               (2 * determinant);
    return {};
  }
  if (Status status = factor(a, job.control); !status.done()) {
    return status.pivot < 0 ? status : failed_at(status.pivot);
  }
  double* x = memory + Dense::doubles(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = weight(i);
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
  const std::size_t entries = InverseEntries::doubles(job, widest);
  Scratch scratch(entries + Dense::doubles(largest) + largest);
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  InverseEntries inverse(job, widest, scratch.data());
  double* group_memory = scratch.data() + entries;
  std::size_t block = job.from;
  for (std::size_t g = job.group_from; g < job.group_to; ++g) {
    if (job.control.cancelled()) return kCancelled;
    if (job.offsets[g] == job.offsets[g + 1]) {
      job.saliencies[g] = 0;
      continue;
    }
    const std::size_t holder = block_of(job, block, job.indices[job.offsets[g]]);
    for (; block < holder; ++block) job.control.block_done();
    if (Status prepared = inverse.prepare(block); !prepared.done()) return prepared;
    const Status status = one_group(job, g, job.begin(block), inverse, group_memory);
    if (!status.done()) return of_block(status, block);
  }
  for (; block < job.to; ++block) job.control.block_done();
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
