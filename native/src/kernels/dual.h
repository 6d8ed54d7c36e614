// dual: for N < B samples no B x B matrix is ever formed. With G the N x B samples of a block and
//
//   M = N lambda I + G G^T = U^T U,   W = U^-T G
//
// F^-1 = (I - W^T W) / lambda, so D_j = (1 - sum over n of W_nj^2) / lambda and
// F^-1 v = (v - G^T M^-1 G v) / lambda. N^2 B flops each for M and W and N^3 / 3 for U. The
// difference in D is what limits it to N < B: for N >= B nearly all of 1 cancels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/block_factor.h"
#include "kernels/gather.h"
#include "kernels/group.h"

namespace woodfisher::WOODFISHER_ISA {

// Columns of samples that are packed at a time, so that a panel stays in the second-level cache.
inline constexpr std::size_t kDualDepth = 256;

// The samples of one block, [count, order] float32, and the scratch for its N x N system.
class Dual {
 public:
  static std::size_t doubles(std::size_t samples) {
    const std::size_t n = padded(samples);
    return n * n + kDualDepth * n + 2 * n;
  }

  Dual(const StateRange& range, std::size_t block, double* memory)
      : range_(range),
        g_(range.rows_of(block)),
        order_(range.order(block)),
        count_(range.sample_count()),
        u_(memory, count_),
        panel_(memory + u_.stride * u_.stride),
        vector_(panel_ + kDualDepth * u_.stride) {}

  // U of M over the columns index(0) ... index(columns - 1), or over all of them.
  template <typename Index>
  Status factor_system(Index index, std::size_t columns) const {
    if (!u_.clear(range_.control)) return kCancelled;
    const std::size_t strip = kDualDepth * kStrip;
    for (std::size_t begin = 0; begin < columns; begin += kDualDepth) {
      const std::size_t depth = std::min(kDualDepth, columns - begin);
      if (range_.control.cancelled()) return kCancelled;
      pack(index, begin, depth);
      if (!update_upper<Sign::kPlus>(u_, 0, count_, {panel_, kStrip, strip}, depth,
                                     range_.control)) {
        return kCancelled;
      }
    }
    for (std::size_t n = 0; n < count_; ++n) u_.at(n, n) += range_.samples * range_.damping;
    return factor(u_, range_.control);
  }

  // W = U^-T G, rows of `stride` float64, `padded(count)` of them. False: cancelled.
  bool solve_samples(double* w, std::size_t stride) const {
    for (std::size_t p = 0; p < count_; p += kTileRows) {
      const std::size_t rows = std::min<std::size_t>(kTileRows, count_ - p);
      for (std::size_t j = 0; j < stride; j += kTileColumns) {
        if (range_.control.cancelled()) return false;
        const std::size_t columns = std::min(kTileColumns, stride - j);
        with_tile(rows, columns, p, Rows{u_.data + p, u_.stride, 1}, Columns{w + j, stride, kStrip},
                  [&](const auto& tile) { finish_rows(tile, p, rows, j, w, stride); });
      }
    }
    return true;
  }

  // y = G x
  void multiply(const double* x, double* y) const {
    for (std::size_t n = 0; n < count_; ++n) {
      const float* row = g_ + n * order_;
      double sum = 0;
      for (std::size_t c = 0; c < order_; ++c) sum += row[c] * x[c];
      y[n] = sum;
    }
  }

  // y = G^T x
  void multiply_transposed(const double* x, double* y) const {
    std::fill(y, y + order_, 0.0);
    for (std::size_t n = 0; n < count_; ++n) {
      const float* row = g_ + n * order_;
      for (std::size_t c = 0; c < order_; ++c) y[c] += x[n] * row[c];
    }
  }

  // y = G^T M^-1 G x, by the factor that is there. False: cancelled.
  bool project(const double* x, double* y) const {
    multiply(x, vector_);
    if (!solve_symmetric(u_, vector_, range_.control)) return false;
    multiply_transposed(vector_, y);
    return true;
  }

  // y = F^-1 x, by the factor of all columns. False: cancelled.
  bool apply_inverse(const double* x, double* y) const {
    if (!project(x, y)) return false;
    for (std::size_t c = 0; c < order_; ++c) y[c] = (x[c] - y[c]) / range_.damping;
    return true;
  }

  // y = F x
  void apply(const double* x, double* y) const {
    multiply(x, vector_);
    multiply_transposed(vector_, y);
    for (std::size_t c = 0; c < order_; ++c) y[c] = y[c] / range_.samples + range_.damping * x[c];
  }

  // x^T F x = lambda |x|^2 + |G x|^2 / N
  double quadratic_form(const double* x) const {
    multiply(x, vector_);
    return range_.damping * dot(x, x, order_) + dot(vector_, vector_, count_) / range_.samples;
  }

 private:
  // Columns [begin, begin + depth) of all samples, eight samples side by side.
  template <typename Index>
  void pack(Index index, std::size_t begin, std::size_t depth) const {
    for (std::size_t n = 0; n < u_.stride; ++n) {
      double* out = panel_ + n / kStrip * kDualDepth * kStrip + n % kStrip;
      const float* row = g_ + n * order_;
      for (std::size_t c = 0; c < depth; ++c) {
        out[c * kStrip] = n < count_ ? row[index(begin + c)] : 0.0;
      }
    }
  }

  // Rows [p, p + rows) of W from the products with the rows above: what is left is a small
  // triangle.
  template <typename T>
  void finish_rows(const T& tile, std::size_t p, std::size_t rows, std::size_t j, double* w,
                   std::size_t stride) const {
    constexpr std::size_t width = T::kColumns;
    for (std::size_t r = 0; r < rows; ++r) {
      double* out = w + (p + r) * stride + j;
      const double* sums = reinterpret_cast<const double*>(tile.sum[r]);
      const float* row = g_ + (p + r) * order_ + j;
      const std::size_t valid = std::min(width, order_ > j ? order_ - j : 0);
      for (std::size_t c = 0; c < valid; ++c) out[c] = row[c] - sums[c];
      for (std::size_t c = valid; c < width; ++c) out[c] = 0;
      for (std::size_t k = 0; k < r; ++k) {
        add_scaled(out, w + (p + k) * stride + j, -u_.at(p + k, p + r), width);
      }
      const double pivot = u_.at(p + r, p + r);
      for (std::size_t c = 0; c < width; ++c) out[c] /= pivot;
    }
  }

  const StateRange& range_;
  const float* g_;
  std::size_t order_;
  std::size_t count_;
  Dense u_;
  double* panel_;
  double* vector_;
};

inline Status accumulate_dual(const AccumulateJob& job) {
  for (std::size_t first = job.from; first < job.to;) {
    const std::size_t last = group_end(job, first);
    BlockGather gathers[kGroupColumns / kStrip];
    for (std::size_t block = first; block < last; ++block) {
      gathers[block - first] = BlockGather(job, job.begin(block), job.order(block));
    }
    for (std::size_t n = 0; n < job.count; ++n) {
      if (job.control.cancelled()) return kCancelled;
      for (std::size_t block = first; block < last; ++block) {
        const std::size_t order = job.order(block);
        float* row = job.rows_of(block) + (job.stored + n) * order;
        gathers[block - first].copy(n, row);
        double* sum = job.gradient_sum + job.begin(block);
        double* squares = job.square_sum + job.begin(block);
        for (std::size_t c = 0; c < order; ++c) {
          const double value = row[c];
          sum[c] += value;
          squares[c] += value * value;
        }
      }
    }
    for (std::size_t block = first; block < last; ++block) job.control.block_done();
    first = last;
  }
  return {};
}

// Scratch of the widest block: its system and W.
inline std::size_t dual_doubles(const StateRange& range, std::size_t widest) {
  return Dual::doubles(range.sample_count()) + padded(range.sample_count()) * widest;
}

// d = diag(F^-1) of a block; W stands in `memory` behind the system afterwards.
inline Status dual_diagonal(const StateRange& range, std::size_t block, double* memory, double* d) {
  const std::size_t order = range.order(block);
  const std::size_t stride = padded(order);
  const Dual dual(range, block, memory);
  if (Status status = dual.factor_system(every_row, order); !status.done()) {
    return of_block(status, block);
  }
  double* w = memory + Dual::doubles(range.sample_count());
  if (!dual.solve_samples(w, stride)) return kCancelled;
  std::fill(d, d + order, 0.0);
  for (std::size_t n = 0; n < range.sample_count(); ++n) {
    const double* row = w + n * stride;
    for (std::size_t c = 0; c < order; ++c) d[c] += row[c] * row[c];
  }
  for (std::size_t c = 0; c < order; ++c) {
    d[c] = (1 - d[c]) / range.damping;
    if (!(d[c] > 0) || !std::isfinite(d[c])) {
      return of_block(
          {.outcome = Outcome::kNotPositiveDefinite, .pivot = static_cast<std::int64_t>(c)}, block);
    }
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
