// The order in which optimal brain surgeon (Hassibi & Stork 1993) takes a block's weights, one by
// one. With P = F^-1 and u = w - alpha P g at first, g the mean gradient, the next to go is p with
// the smallest u_p^2 / (2 P_pp); then
//
//   u <- u - (u_p / P_pp) P e_p,   P <- P - P e_p e_p^T P / P_pp
//
// which is a step of the Cholesky factorisation P = U^T U whose pivots are chosen by u instead of
// by size: row p of U is e_p^T P / sqrt(P_pp). So it runs in panels of rows like `factor`; the
// diagonal and u follow every step, the rest of P once a panel. 4/3 order^3 flops for P (its
// factor, the inverse of that, and their product), order^3 / 3 for the trace.
//
// The error of a marginal loss is that of the factorisation, about cond(F) 2^-53 relative, however
// late the weight goes: making P anew from F_RR on the way gains nothing (measured).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "kernels/block_factor.h"

namespace woodfisher::WOODFISHER_ISA {

// Steps whose products are taken from the rest of P in one go. Within a panel each step reads the
// rows of those before it.
inline constexpr std::size_t kTracePanel = 16;

// A <- A^T. False: cancelled.
inline bool transpose(Dense a, const Control& control) {
  return for_each_lower_square(a.order, control,
                               [&](std::size_t i, std::size_t from, std::size_t to) {
                                 for (std::size_t j = from; j < to; ++j) {
                                   std::swap(a.at(i, j), a.at(j, i));
                                 }
                               });
}

// Upper triangle of P = V V^T, V = U^-1 upper; V becomes its transpose. By panels of rows of V^T,
// which are zero behind the diagonal: 2/3 order^3 flops. False: cancelled.
inline bool multiply_inverse_factor(Dense v, Dense p, const Control& control) {
  if (!transpose(v, control) || !p.clear(control)) return false;
  for (std::size_t q = 0; q < p.order; q += kFactorPanel) {
    const std::size_t end = std::min(q + kFactorPanel, p.order);
    const Columns rows{v.row(q), v.stride, kStrip};
    if (!update_upper<Sign::kPlus>(p, 0, end, rows, end - q, control)) return false;
  }
  return true;
}

// Upper triangle of F of a block of dual, over the rows index(0) ... index(order - 1); `panel`
// has the size of F. N order^2 flops. False: cancelled.
template <typename Index>
inline bool fisher_from_samples(const StateRange& range, std::size_t block, Index index, Dense f,
                                Dense panel) {
  if (!f.clear(range.control)) return false;
  const std::size_t columns = range.order(block);
  const std::size_t depth = std::min(panel.stride, static_cast<std::size_t>(64));
  for (std::size_t n = 0; n < range.sample_count(); n += depth) {
    if (range.control.cancelled()) return false;
    const std::size_t rows = std::min(depth, range.sample_count() - n);
    for (std::size_t k = 0; k < rows; ++k) {
      const float* g = range.rows_of(block) + (n + k) * columns;
      for (std::size_t i = 0; i < f.order; ++i) panel.at(k, i) = g[index(i)];
      std::fill(panel.row(k) + f.order, panel.row(k) + panel.stride, 0.0);
    }
    const Columns samples{panel.data, panel.stride, kStrip};
    if (!update_upper<Sign::kPlus>(f, 0, f.order, samples, rows, range.control)) return false;
  }
  for (std::size_t i = 0; i < f.order; ++i) {
    if (i % kSquare == 0 && range.control.cancelled()) return false;
    for (std::size_t j = i; j < f.order; ++j) f.at(i, j) /= range.samples;
    f.at(i, i) += range.damping;
  }
  return true;
}

// Scratch of one trace: vectors and two matrices of the widest block (a multiple of 8).
struct TraceScratch {
  TraceScratch(double* memory, std::size_t widest)
      : u(memory),
        diagonal(u + widest),
        losses(diagonal + widest),
        keys(losses + widest),
        marginal_losses(keys + widest),
        left(reinterpret_cast<std::size_t*>(marginal_losses + widest)),
        first(marginal_losses + 2 * widest),
        second(first + Dense::doubles(widest)) {}
  static std::size_t doubles(std::size_t widest) { return 6 * widest + 2 * Dense::doubles(widest); }

  double* u;                // of the weights that are left
  double* diagonal;         // of P, likewise
  double* losses;           // u^2 / (2 P_qq), likewise
  double* keys;             // of the whole block
  double* marginal_losses;  // of the whole block
  std::size_t* left;        // rows of the block
  double* first;
  double* second;
};

class BlockTrace {
 public:
  BlockTrace(const GreedyJob& job, std::size_t block, TraceScratch scratch)
      : job_(job),
        block_(block),
        scratch_(scratch),
        order_(job.order(block)),
        begin_(job.begin(block)) {}

  Status run() {
    std::fill(scratch_.keys, scratch_.keys + order_, 0.0);
    std::fill(scratch_.marginal_losses, scratch_.marginal_losses + order_, 0.0);
    for (std::size_t i = 0; i < order_; ++i) {
      if (job_.mask[begin_ + i] != 0) scratch_.left[count_++] = i;
    }
    if (count_ > 0) {
      Status status = job_.solver == Solver::kWoodbury ? from_inverse() : from_fisher();
      if (status.done()) status = remove_all();
      if (!status.done()) return of_block(status, block_);
    }
    // Only now is anything written: a block that fails stays as it was.
    std::copy(scratch_.keys, scratch_.keys + order_, job_.keys + begin_);
    if (job_.marginal_losses != nullptr) {
      std::copy(scratch_.marginal_losses, scratch_.marginal_losses + order_,
                job_.marginal_losses + begin_);
    }
    return {};
  }

 private:
  double weight(std::size_t i) const { return job_.weights[begin_ + i]; }
  double gradient(std::size_t i) const { return job_.gradient_sum[begin_ + i] / job_.samples; }

  Status failed_at(std::size_t place) const {
    return {.outcome = Outcome::kNotPositiveDefinite,
            .pivot = static_cast<std::int64_t>(scratch_.left[place])};
  }

  // P = F^-1 and u = w - alpha P g of the weights that are there, from F.
  Status from_fisher() {
    const std::size_t* left = scratch_.left;
    const auto of = [left](std::size_t i) { return left[i]; };
    const Dense f(scratch_.first, count_);
    const Dense v(scratch_.second, count_);
    const bool unpacked =
        job_.solver == Solver::kDual
            ? fisher_from_samples(job_, block_, of, f, v)
            : unpack_upper(job_.state(block_), of, job_.samples, job_.damping, f, job_.control);
    if (!unpacked) return kCancelled;
    if (const Status status = factor(f, job_.control); !status.done()) {
      return status.pivot < 0 ? status : failed_at(static_cast<std::size_t>(status.pivot));
    }
    double* u = scratch_.u;
    for (std::size_t r = 0; r < count_; ++r) u[r] = -job_.step * gradient(left[r]);
    if (job_.step != 0 && !solve_symmetric(f, u, job_.control)) return kCancelled;
    for (std::size_t r = 0; r < count_; ++r) u[r] += weight(left[r]);
    if (!invert_factor(f, v, job_.control)) return kCancelled;
    return multiply_inverse_factor(v, f, job_.control) ? Status{} : kCancelled;
  }

  // woodbury: P as it stands; weights with mask 0 are not coupled to the others.
  Status from_inverse() {
    const std::size_t* left = scratch_.left;
    const double* state = job_.state(block_);
    double* mean = scratch_.losses;
    double* product = scratch_.diagonal;
    for (std::size_t i = 0; i < order_; ++i) mean[i] = gradient(i);
    if (!multiply_symmetric(state, order_, mean, product, job_.control)) return kCancelled;
    for (std::size_t r = 0; r < count_; ++r) {
      scratch_.u[r] = weight(left[r]) - job_.step * product[left[r]];
    }
    const auto of = [left](std::size_t i) { return left[i]; };
    const Dense p(scratch_.first, count_);
    return unpack_upper(state, of, 1, 0, p, job_.control) ? Status{} : kCancelled;
  }

  Status remove_all() {
    const Dense p(scratch_.first, count_);
    for (std::size_t i = 0; i < count_; ++i) scratch_.diagonal[i] = p.at(i, i);
    for (std::size_t begin = 0; begin < count_; begin += kTracePanel) {
      const std::size_t end = std::min(begin + kTracePanel, count_);
      for (std::size_t k = begin; k < end; ++k) {
        if (job_.control.cancelled()) return kCancelled;
        const std::size_t pivot = cheapest(k);
        const double d = scratch_.diagonal[pivot];
        if (!(d > 0) || !std::isfinite(d)) return failed_at(pivot);
        exchange(p, k, pivot, begin);
        record(k);
        take(p, k, begin);
      }
      const Columns rows{p.row(begin), p.stride, kStrip};
      if (!update_upper<Sign::kMinus>(p, end, count_, rows, end - begin, job_.control)) {
        return kCancelled;
      }
    }
    return {};
  }

  // The place from k on with the smallest marginal loss, or with a P_qq that is not positive.
  std::size_t cheapest(std::size_t k) {
    const double* u = scratch_.u;
    const double* d = scratch_.diagonal;
    double* losses = scratch_.losses;
    double smallest = std::numeric_limits<double>::infinity();
    double lowest = smallest;
    std::size_t i = k;
    Vector smallest_of = Vector{} + smallest;
    Vector lowest_of = smallest_of;
    for (; i + kLanes <= count_; i += kLanes) {
      const Vector di = load(d + i);
      const Vector loss = load(u + i) * load(u + i) / (2 * di);
      store(losses + i, loss);
      smallest_of = loss < smallest_of ? loss : smallest_of;
      lowest_of = di < lowest_of ? di : lowest_of;
    }
    for (int lane = 0; lane < kLanes; ++lane) {
      smallest = std::min(smallest, smallest_of[lane]);
      lowest = std::min(lowest, lowest_of[lane]);
    }
    for (; i < count_; ++i) {
      losses[i] = u[i] * u[i] / (2 * d[i]);
      smallest = std::min(smallest, losses[i]);
      lowest = std::min(lowest, d[i]);
    }
    if (!(lowest > 0)) return static_cast<std::size_t>(std::find(d + k, d + count_, lowest) - d);
    std::size_t best = count_;
    for (std::size_t j = k; j < count_; ++j) {
      if (losses[j] != smallest) continue;
      if (best == count_ || model_index(j) < model_index(best)) best = j;
    }
    return best == count_ ? k : best;
  }

  std::size_t model_index(std::size_t place) const {
    return job_.order_of_axes.model_index(begin_ + scratch_.left[place]);
  }

  // Rows and columns k and q > k of the upper triangle change places, also in the panel's rows.
  void exchange(Dense p, std::size_t k, std::size_t q, std::size_t panel_begin) {
    if (k == q) return;
    std::swap(scratch_.u[k], scratch_.u[q]);
    std::swap(scratch_.diagonal[k], scratch_.diagonal[q]);
    std::swap(scratch_.losses[k], scratch_.losses[q]);
    std::swap(scratch_.left[k], scratch_.left[q]);
    for (std::size_t m = panel_begin; m < k; ++m) std::swap(p.at(m, k), p.at(m, q));
    for (std::size_t j = k + 1; j < q; ++j) std::swap(p.at(k, j), p.at(j, q));
    std::swap_ranges(p.row(k) + q + 1, p.row(k) + count_, p.row(q) + q + 1);
    std::swap(p.at(k, k), p.at(q, q));
  }

  // Keys increase, if only to the next float64, so that no threshold divides a block's order
  // otherwise than in two.
  void record(std::size_t k) {
    const std::size_t row = scratch_.left[k];
    const double loss = scratch_.losses[k];
    last_key_ = loss > last_key_
                    ? loss
                    : std::nextafter(last_key_, std::numeric_limits<double>::infinity());
    scratch_.keys[row] = last_key_;
    scratch_.marginal_losses[row] = loss;
  }

  // Row k of U, and what it changes of u and of the diagonal.
  void take(Dense p, std::size_t k, std::size_t panel_begin) {
    const std::size_t rest = count_ - k - 1;
    double* row = p.row(k) + k + 1;
    for (std::size_t m = panel_begin; m < k; ++m) {
      add_scaled(row, p.row(m) + k + 1, -p.at(m, k), rest);
    }
    const double root = std::sqrt(scratch_.diagonal[k]);
    const double scale = 1 / root;
    const double ratio = scratch_.u[k] / root;
    double* u = scratch_.u + k + 1;
    double* d = scratch_.diagonal + k + 1;
    for (std::size_t j = 0; j < rest; ++j) {
      row[j] *= scale;
      u[j] -= ratio * row[j];
      d[j] -= row[j] * row[j];
    }
  }

  const GreedyJob& job_;
  std::size_t block_;
  TraceScratch scratch_;
  std::size_t order_;
  std::size_t begin_;
  std::size_t count_ = 0;  // weights that are there
  double last_key_ = -1;
};

inline Status greedy(const GreedyJob& job) {
  const std::size_t widest = widest_block(job);
  Scratch scratch(TraceScratch::doubles(widest));
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  for (std::size_t block = job.from; block < job.to; ++block) {
    if (job.control.cancelled()) return kCancelled;
    const Status status = BlockTrace(job, block, {scratch.data(), widest}).run();
    if (!status.done()) return status;
    job.control.block_done();
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
