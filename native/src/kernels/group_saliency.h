// The loss of removing a group Q of weights together: x^T [(F^-1)_QQ]^-1 x / 2 with
// x = (w - alpha h)_Q.
// A pair has the closed form by its 2 x 2 inverse; larger groups go through a small Cholesky.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/dual.h"

namespace woodfisher::WOODFISHER_ISA {

// Entries of F^-1, one block at a time.
class InverseEntries {
 public:
  static std::size_t doubles(const StateRange& range, std::size_t widest) {
    return range.solver == Solver::kDual ? dual_doubles(range, widest) : 2 * Dense::doubles(widest);
  }

  InverseEntries(const StateRange& range, std::size_t widest, double* memory)
      : range_(range), widest_(widest), memory_(memory) {}

  // gram: U^-1 behind U; dual: W behind its system, and the diagonal as a by-product.
  Status prepare(std::size_t block, double* diagonal) {
    block_ = block;
    order_ = range_.order(block);
    if (range_.solver == Solver::kDual) return dual_diagonal(range_, block, memory_, diagonal);
    if (range_.solver == Solver::kWoodbury) return {};
    const Dense u(memory_, order_);
    if (Status status = factor_fisher(range_, block, u); !status.done()) return status;
    return invert_factor(u, inverse_factor(), range_.control) ? Status{} : kCancelled;
  }

  double at(std::size_t i, std::size_t j) const {
    switch (range_.solver) {
      case Solver::kGram: {
        const Dense v = inverse_factor();
        return dot(v.row(i), v.row(j), v.stride);
      }
      case Solver::kDual:
        return ((i == j ? 1 : 0) - product_of_columns(i, j)) / range_.damping;
      case Solver::kWoodbury:
        break;
    }
    return entry(range_.state(block_), i, j);
  }

 private:
  Dense inverse_factor() const { return {memory_ + Dense::doubles(widest_), order_}; }

  // sum over n of W_ni W_nj
  double product_of_columns(std::size_t i, std::size_t j) const {
    const double* w = memory_ + Dual::doubles(range_.sample_count());
    double sum = 0;
    for (std::size_t n = 0; n < range_.sample_count(); ++n, w += padded(order_)) {
      sum += w[i] * w[j];
    }
    return sum;
  }

  const StateRange& range_;
  std::size_t widest_;
  double* memory_;
  std::size_t block_ = 0;
  std::size_t order_ = 0;
};

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
  Scratch scratch(entries + widest + Dense::doubles(largest) + largest);
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  InverseEntries inverse(job, widest, scratch.data());
  double* diagonal = scratch.data() + entries;
  double* group_memory = diagonal + widest;
  std::size_t block = job.from;
  std::size_t ready = job.to;  // the block that `inverse` is prepared for
  for (std::size_t g = job.group_from; g < job.group_to; ++g) {
    if (job.control.cancelled()) return kCancelled;
    if (job.offsets[g] == job.offsets[g + 1]) {
      job.saliencies[g] = 0;
      continue;
    }
    const std::size_t holder = block_of(job, block, job.indices[job.offsets[g]]);
    for (; block < holder; ++block) job.control.block_done();
    if (ready != block) {
      if (Status status = inverse.prepare(block, diagonal); !status.done()) return status;
      ready = block;
    }
    const Status status = one_group(job, g, job.begin(block), inverse, group_memory);
    if (!status.done()) return of_block(status, block);
  }
  for (; block < job.to; ++block) job.control.block_done();
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
