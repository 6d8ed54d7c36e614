// Pruning a block: the chosen weights become zero and the others make up for them.
//
// Q are the weights pruned now, R those that stay; s = alpha h is the step of first order, that is
// 0 or alpha F^-1 g with g the mean gradient. With delta the change of the block's weights:
//   none         delta = -w on Q
//   independent  delta = -s - sum over q of ((w - s)_q / D_q) F^-1 e_q, then zero on Q (the paper's
//                equations, summed over q)
//   joint        delta_R = F_RR^-1 (F_RQ w_Q - alpha g_R): the minimiser of
//                delta^T F delta / 2 + alpha g^T delta with w_Q -> 0;
//                by P = F^-1 the same is delta_R = -s_R - P_RQ P_QQ^-1 (w - s)_Q
// The predicted loss is that of the change after rounding to float32.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/apply_inverse.h"

namespace woodfisher::WOODFISHER_ISA {

// Scratch of one update: vectors and two matrices of the widest block (a multiple of 8), or what
// dual needs in place of the matrices.
struct UpdateScratch {
  UpdateScratch(double* memory, std::size_t widest)
      : delta(memory),
        vector(delta + widest),
        solution(vector + widest),
        product(solution + widest),
        index(reinterpret_cast<std::size_t*>(product + widest)),
        first(product + 2 * widest),
        second(first + Dense::doubles(widest)) {}
  static std::size_t doubles(const StateRange& range, std::size_t widest) {
    return 5 * widest + (range.solver == Solver::kDual ? dual_doubles(range, widest)
                                                       : 2 * Dense::doubles(widest));
  }

  double* delta;       // change of each weight of the block
  double* vector;      // of the whole block
  double* solution;    // of the whole block, or of a subset of it
  double* product;     // of the whole block
  std::size_t* index;  // that subset
  double* first;
  double* second;
};

class BlockUpdate {
 public:
  BlockUpdate(const UpdateJob& job, std::size_t block, UpdateScratch scratch)
      : job_(job),
        block_(block),
        scratch_(scratch),
        order_(job.order(block)),
        begin_(job.begin(block)),
        state_(job.state(block)) {}

  Status run() {
    double losses[2] = {0, 0};
    double bare[2] = {0, 0};
    if (!prunes_any()) return store_losses(losses, bare);
    for (std::size_t i = 0; i < order_; ++i) scratch_.delta[i] = pruned_now(i) ? -weight(i) : 0;
    Status status;
    if (job_.bare_losses != nullptr) status = predict(bare);
    if (!status.done()) return of_block(status, block_);
    if (job_.rule == UpdateRule::kIndependent) status = independent();
    if (job_.rule == UpdateRule::kJoint) {
      if (job_.solver == Solver::kGram) status = joint_by_kept();
      if (job_.solver == Solver::kWoodbury) status = joint_by_pruned();
      if (job_.solver == Solver::kDual) status = joint_by_samples();
    }
    if (!status.done()) return of_block(status, block_);
    round();
    status = predict(losses);
    if (!status.done()) return of_block(status, block_);
    // Only now is anything written: a block that fails stays as it was.
    for (std::size_t i = 0; i < order_; ++i) {
      job_.weights[begin_ + i] = static_cast<float>(scratch_.vector[i]);
    }
    return store_losses(losses, bare);
  }

 private:
  Status store_losses(const double* losses, const double* bare) {
    std::copy(losses, losses + 2, job_.losses + 2 * block_);
    if (job_.bare_losses != nullptr) std::copy(bare, bare + 2, job_.bare_losses + 2 * block_);
    return {};
  }

  // A failure at a row of a subset, named by the row of the block.
  static Status of_row(Status status, const std::size_t* index) {
    if (status.pivot >= 0) status.pivot = static_cast<std::int64_t>(index[status.pivot]);
    return status;
  }

  double weight(std::size_t i) const { return job_.weights[begin_ + i]; }
  double shift(std::size_t i) const { return job_.first_order.shift(begin_ + i); }
  bool kept(std::size_t i) const { return job_.mask_after[begin_ + i] != 0; }
  bool pruned_now(std::size_t i) const { return job_.mask_before[begin_ + i] != 0 && !kept(i); }

  bool prunes_any() const {
    for (std::size_t i = 0; i < order_; ++i) {
      if (pruned_now(i)) return true;
    }
    return false;
  }

  template <typename Belongs>
  std::size_t collect(Belongs belongs) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < order_; ++i) {
      if (belongs(i)) scratch_.index[count++] = i;
    }
    return count;
  }

  Status independent() {
    double* x = scratch_.vector;
    if (Status status = weights_over_diagonal(x); !status.done()) return status;
    Status status = apply_inverse(job_, block_, scratch_.first, x, scratch_.solution);
    for (std::size_t i = 0; i < order_; ++i) {
      if (kept(i)) scratch_.delta[i] = -scratch_.solution[i] - shift(i);
    }
    return status;
  }

  // x_q = (w - s)_q / D_q on Q, 0 elsewhere
  Status weights_over_diagonal(double* x) {
    double* d = scratch_.product;
    if (Status status = diagonal(d); !status.done()) return status;
    for (std::size_t i = 0; i < order_; ++i)
      x[i] = pruned_now(i) ? (weight(i) - shift(i)) / d[i] : 0;
    return {};
  }

  // diag(F^-1) of the block
  Status diagonal(double* d) {
    if (job_.solver == Solver::kDual) return dual_diagonal(job_, block_, scratch_.first, d);
    const Dense u(scratch_.first, order_);
    const Dense v(scratch_.second, order_);
    if (job_.solver == Solver::kWoodbury) {
      for (std::size_t i = 0; i < order_; ++i) d[i] = entry(state_, i, i);
      return {};
    }
    if (Status status = factor_fisher(job_, block_, u); !status.done()) return status;
    if (!invert_factor(u, v, job_.control)) return kCancelled;
    for (std::size_t i = 0; i < order_; ++i) d[i] = dot(v.row(i), v.row(i), v.stride);
    return {};
  }

  // gram: |R|^3 / 3 flops, and the well-conditioned side of the problem
  Status joint_by_kept() {
    const std::size_t count = collect([&](std::size_t i) { return kept(i); });
    if (count == 0) return {};
    double* w = scratch_.vector;
    double* product = scratch_.product;  // S w_Q
    for (std::size_t i = 0; i < order_; ++i) w[i] = pruned_now(i) ? weight(i) : 0;
    if (!multiply_symmetric(state_, order_, w, product, job_.control)) return kCancelled;
    const std::size_t* index = scratch_.index;
    double* x = scratch_.solution;
    const double step = job_.first_order.step;
    for (std::size_t r = 0; r < count; ++r) {
      x[r] = (product[index[r]] - step * job_.gradient_sum[begin_ + index[r]]) / job_.samples;
    }
    const Dense u(scratch_.first, count);
    const auto of = [index](std::size_t i) { return index[i]; };
    Status status = factor_packed(state_, of, job_.samples, job_.damping, u, job_.control);
    if (!status.done()) return of_row(status, index);
    if (!solve_symmetric(u, x, job_.control)) return kCancelled;
    for (std::size_t r = 0; r < count; ++r) scratch_.delta[index[r]] = x[r];
    return {};
  }

  // dual: delta_R = G_R^T (N lambda I + G_R G_R^T)^-1 (G_Q w_Q - alpha 1), the mean gradient being
  // that of the rows of G; N^2 |R| + N^3 / 3 flops
  Status joint_by_samples() {
    const std::size_t count = collect([&](std::size_t i) { return kept(i); });
    if (count == 0) return {};
    const std::size_t* index = scratch_.index;
    const Dual dual(job_, block_, scratch_.first);
    Status status = dual.factor_system([index](std::size_t i) { return index[i]; }, count);
    if (!status.done()) return status;
    double* w = scratch_.vector;
    for (std::size_t i = 0; i < order_; ++i) w[i] = pruned_now(i) ? weight(i) : 0;
    const std::size_t samples = job_.sample_count();
    double* y = scratch_.first + Dual::doubles(samples);
    dual.multiply(w, y);
    for (std::size_t n = 0; n < samples; ++n) y[n] -= job_.first_order.step;
    // The factor of the system stands first in its memory.
    if (!solve_symmetric(Dense(scratch_.first, samples), y, job_.control)) return kCancelled;
    dual.multiply_transposed(y, scratch_.product);
    for (std::size_t r = 0; r < count; ++r) scratch_.delta[index[r]] = scratch_.product[index[r]];
    return {};
  }

  // woodbury: |Q|^3 / 3 flops
  Status joint_by_pruned() {
    const std::size_t count = collect([&](std::size_t i) { return pruned_now(i); });
    const std::size_t* index = scratch_.index;
    double* x = scratch_.solution;
    for (std::size_t q = 0; q < count; ++q) x[q] = weight(index[q]) - shift(index[q]);
    const Dense u(scratch_.first, count);
    const auto of = [index](std::size_t i) { return index[i]; };
    Status status = factor_packed(state_, of, 1, 0, u, job_.control);
    if (!status.done()) return of_row(status, index);
    if (!solve_symmetric(u, x, job_.control)) return kCancelled;
    double* z = scratch_.vector;  // P_QQ^-1 (w - s)_Q among zeros
    double* product = scratch_.product;
    std::fill(z, z + order_, 0.0);
    for (std::size_t q = 0; q < count; ++q) z[index[q]] = x[q];
    if (!multiply_symmetric(state_, order_, z, product, job_.control)) return kCancelled;
    for (std::size_t i = 0; i < order_; ++i) {
      if (kept(i)) scratch_.delta[i] = -product[i] - shift(i);
    }
    return {};
  }

  // The new weights, rounded to float32, into `vector`; delta becomes the change that they make.
  void round() {
    for (std::size_t i = 0; i < order_; ++i) {
      const double before = weight(i);
      const double after = kept(i) ? static_cast<float>(before + scratch_.delta[i]) : 0.0f;
      scratch_.vector[i] = after;
      scratch_.delta[i] = after - before;
    }
  }

  Status predict(double* losses) {
    const double* delta = scratch_.delta;
    double* x = scratch_.solution;
    losses[1] = dot(job_.gradient_sum + begin_, delta, order_) / job_.samples;
    if (job_.solver == Solver::kDual) {
      losses[0] = 0.5 * Dual(job_, block_, scratch_.first).quadratic_form(delta);
      return {};
    }
    if (job_.solver == Solver::kGram) {
      if (!multiply_symmetric(state_, order_, delta, x, job_.control)) return kCancelled;
      const double quadratic = dot(delta, x, order_) / job_.samples;
      losses[0] = 0.5 * (job_.damping * dot(delta, delta, order_) + quadratic);
      return {};
    }
    // delta^T P^-1 delta = |U^-T delta|^2
    const Dense u(scratch_.first, order_);
    Status status = factor_packed(state_, every_row, 1, 0, u, job_.control);
    if (!status.done()) return status;
    std::copy(delta, delta + order_, x);
    if (!solve_transposed(u, x, job_.control)) return kCancelled;
    losses[0] = 0.5 * dot(x, x, order_);
    return {};
  }

  const UpdateJob& job_;
  std::size_t block_;
  UpdateScratch scratch_;
  std::size_t order_;
  std::size_t begin_;
  const double* state_;
};

inline Status update(const UpdateJob& job) {
  const std::size_t widest = widest_block(job);
  Scratch scratch(UpdateScratch::doubles(job, widest));
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  for (std::size_t block = job.from; block < job.to; ++block) {
    if (job.control.cancelled()) return kCancelled;
    const Status status = BlockUpdate(job, block, {scratch.data(), widest}).run();
    if (!status.done()) return status;
    job.control.block_done();
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
