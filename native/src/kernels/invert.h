// D = diag(F^-1) of each block, and what the block's conditioning allows us to trust.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/block_lanes.h"
#include "kernels/dual.h"
#include "kernels/residual.h"

namespace woodfisher::WOODFISHER_ISA {

// By the factor that is there; the memory of `free` is written over.
inline Status residual_from_gram(const InvertJob& job, std::size_t block, Dense u, Dense free) {
  double* x = free.row(0);
  double* y = free.row(1);
  for (std::size_t i = 0; i < u.order; ++i) x[i] = probe(i);
  if (!solve_symmetric(u, x, job.control)) return kCancelled;
  if (!multiply_symmetric(job.state(block), u.order, x, y, job.control)) return kCancelled;
  for (std::size_t i = 0; i < u.order; ++i) y[i] = y[i] / job.samples + job.damping * x[i];
  job.residual[block] = residual_of(y, u.order);
  return {};
}

// D_j is the squared length of row j of U^-1: a sum of squares, accurate to a few roundings of the
// factor and never negative. 2/3 order^3 flops with the factorisation.
inline Status diagonal_from_gram(const InvertJob& job, std::size_t block, Dense u, Dense v) {
  Status status = factor_fisher(job, block, u);
  if (!status.done()) return status;
  if (!invert_factor(u, v, job.control)) return kCancelled;
  double* diagonal = job.diagonal + job.begin(block);
  for (std::size_t j = 0; j < u.order; ++j) {
    const std::size_t from = j / kStrip * kStrip;  // zero before j
    diagonal[j] = dot(v.row(j) + from, v.row(j) + from, v.stride - from);
  }
  return job.residual == nullptr ? Status{} : residual_from_gram(job, block, u, v);
}

// By the factor that is there and W's memory.
inline Status residual_from_dual(const InvertJob& job, std::size_t block, double* memory) {
  if (job.residual == nullptr) return {};
  const std::size_t order = job.order(block);
  const Dual dual(job, block, memory);
  double* x = memory + Dual::doubles(job.sample_count());
  double* y = x + padded(order);
  for (std::size_t i = 0; i < order; ++i) x[i] = probe(i);
  if (!dual.apply_inverse(x, y)) return kCancelled;
  dual.apply(y, x);
  job.residual[block] = residual_of(x, order);
  return {};
}

inline Status diagonal_from_woodbury(const InvertJob& job, std::size_t block) {
  const double* p = job.state(block);
  for (std::size_t j = 0; j < job.order(block); ++j) {
    const double d = p[packed_row(j) + j];
    if (!(d > 0) || !std::isfinite(d)) {
      return {.outcome = Outcome::kNotPositiveDefinite,
              .block = static_cast<std::int64_t>(block),
              .pivot = static_cast<std::int64_t>(j)};
    }
  }
  double* diagonal = job.diagonal + job.begin(block);
  for (std::size_t j = 0; j < job.order(block); ++j) diagonal[j] = p[packed_row(j) + j];
  return {};
}

// tr(F) min(1 / lambda, tr(F^-1)) >= cond_2(F), since every eigenvalue of F is at least lambda.
inline double condition_bound(const InvertJob& job, std::size_t block) {
  double squares = 0;
  double inverse_trace = 0;
  for (std::size_t c = job.begin(block); c < job.starts[block + 1]; ++c) {
    squares += job.square_sum[c];
    inverse_trace += job.diagonal[c];
  }
  const double trace = squares / job.samples + job.damping * static_cast<double>(job.order(block));
  return trace * std::min(1 / job.damping, inverse_trace);
}

inline std::size_t invert_doubles(const InvertJob& job, std::size_t widest) {
  switch (job.solver) {
    case Solver::kGram:
      return std::max(2 * Dense::doubles(widest), BlockLanes::doubles(widest));
    case Solver::kDual:
      return dual_doubles(job, widest);
    case Solver::kWoodbury:
      break;
  }
  return 0;
}

inline Status invert_block(const InvertJob& job, std::size_t block, double* memory) {
  const std::size_t order = job.order(block);
  switch (job.solver) {
    case Solver::kGram:
      return diagonal_from_gram(job, block, Dense(memory, order),
                                Dense(memory + Dense::doubles(order), order));
    case Solver::kDual: {
      const Status status = dual_diagonal(job, block, memory, job.diagonal + job.begin(block));
      return status.done() ? residual_from_dual(job, block, memory) : status;
    }
    case Solver::kWoodbury:
      break;
  }
  if (job.residual != nullptr) job.residual[block] = NAN;  // F is not kept
  return diagonal_from_woodbury(job, block);
}

// How many blocks from `first` on are inverted together, one a lane.
inline std::size_t lanes_from(const InvertJob& job, std::size_t first) {
  std::size_t last = first;
  while (job.solver == Solver::kGram && last < job.to && last < first + kLanes &&
         job.order(last) <= kLaneOrder) {
    ++last;
  }
  return last - first;
}

inline Status invert(const InvertJob& job) {
  Scratch scratch(invert_doubles(job, widest_block(job)));
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  for (std::size_t block = job.from; block < job.to;) {
    if (job.control.cancelled()) return kCancelled;
    const std::size_t lanes = lanes_from(job, block);
    const Status status = lanes > 0 ? BlockLanes(job, block, lanes, scratch.data()).diagonal()
                                    : invert_block(job, block, scratch.data());
    std::size_t end = block;
    if (status.done()) end += std::max<std::size_t>(lanes, 1);
    if (status.outcome == Outcome::kNotPositiveDefinite) {
      end = static_cast<std::size_t>(status.block);  // those before it are done
    }
    for (; block < end; ++block) {
      job.condition[block] = condition_bound(job, block);
      job.control.block_done();
    }
    if (!status.done()) return status;
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
