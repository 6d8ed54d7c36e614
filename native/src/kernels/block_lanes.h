// D = diag(F^-1) of many blocks at once, one block a lane: every operation of the factorisation is
// one of whole vectors, where within one block rows are short and triangles leave lanes idle.
//
// All lanes have one order; a shorter block is continued by rows of the identity, which change
// nothing in it. Products of rows are made in squares of kSquareRows, whose sums stay in registers:
// 2 kSquareRows loads for kSquareRows^2 multiply-adds.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/dense.h"
#include "kernels/residual.h"
#include "woodfisher/jobs.h"
#include "woodfisher/packed_triangle.h"
#include "woodfisher/status.h"

namespace woodfisher::WOODFISHER_ISA {

// Blocks of at most this order go into lanes. Measured on one core (AVX-512), in lanes against in
// tiles: 2.7 times as fast at 50, 2 at 128, 1.7 at 256; beyond, the lanes want more than 6 MB.
inline constexpr std::size_t kLaneOrder = 256;

#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr std::size_t kSquareRows = 4;  // 16 sums and 8 operands in 32 registers
#else
inline constexpr std::size_t kSquareRows = 3;  // 9 sums and 6 operands in 16
#endif

class BlockLanes {
 public:
  // Scratch for blocks of at most `widest` weights.
  static std::size_t doubles(std::size_t widest) {
    const std::size_t n = whole_squares(std::min(widest, kLaneOrder));
    return kLanes * (packed_size(n) + n * n + n);
  }

  // Blocks [first, first + count) of the job, count <= kLanes, none of more than kLaneOrder
  // weights.
  BlockLanes(const InvertJob& job, std::size_t first, std::size_t count, double* memory)
      : job_(job), first_(first), count_(count) {
    for (std::size_t block = first; block < first + count; ++block) {
      order_ = std::max(order_, whole_squares(job.order(block)));
    }
    l_ = reinterpret_cast<Vector*>(memory);
    w_ = l_ + packed_size(order_);
    d_ = w_ + order_ * order_;
  }

  // Writes D of all blocks before the first that fails, and of no other.
  Status diagonal() {
    load_blocks();
    factor();
    invert();
    for (std::size_t lane = 0; lane < count_; ++lane) {
      const std::size_t block = first_ + lane;
      if (failed_[lane] >= 0) {
        return {.outcome = Outcome::kNotPositiveDefinite,
                .block = static_cast<std::int64_t>(block),
                .pivot = failed_[lane]};
      }
      double* out = job_.diagonal + job_.begin(block);
      for (std::size_t j = 0; j < job_.order(block); ++j) out[j] = job_.samples * d_[j][lane];
    }
    return job_.residual == nullptr ? Status{} : residuals();
  }

 private:
  static constexpr std::size_t whole_squares(std::size_t order) {
    return (order + kSquareRows - 1) / kSquareRows * kSquareRows;
  }

  struct Square {
    Vector sum[kSquareRows][kSquareRows];
  };

  // Row i of L, entries 0 ... i; the diagonal holds 1 / L(i, i).
  Vector* l(std::size_t i) const { return l_ + packed_row(i); }
  // Row j of W = L^-T, entries from j's square on.
  Vector* w(std::size_t j) const { return w_ + j * order_; }

  // N F = S + N lambda I, lane by lane.
  void load_blocks() {
    const std::size_t all = packed_size(order_);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::size_t order = lane < count_ ? job_.order(first_ + lane) : 0;
      const double* s = lane < count_ ? job_.state(first_ + lane) : nullptr;
      double* out = reinterpret_cast<double*>(l_) + lane;
      for (std::size_t e = 0; e < packed_size(order); ++e) out[e * kLanes] = s[e];
      for (std::size_t e = packed_size(order); e < all; ++e) out[e * kLanes] = 0;
      for (std::size_t i = 0; i < order_; ++i) {
        out[(packed_row(i) + i) * kLanes] += i < order ? job_.samples * job_.damping : 1;
      }
      failed_[lane] = -1;
    }
  }

  // sum(i, j) over k in [from, to) of x(i, k) y(j, k), for the rows of a square.
  template <typename X, typename Y>
  static Square products(X x, Y y, std::size_t from, std::size_t to) {
    Square square = {};
    const Vector* xs[kSquareRows];
    const Vector* ys[kSquareRows];
    for (std::size_t r = 0; r < kSquareRows; ++r) {
      xs[r] = x(r);
      ys[r] = y(r);
    }
    for (std::size_t k = from; k < to; ++k) {
      Vector b[kSquareRows];
#pragma GCC unroll 4
      for (std::size_t c = 0; c < kSquareRows; ++c) b[c] = ys[c][k];
#pragma GCC unroll 4
      for (std::size_t r = 0; r < kSquareRows; ++r) {
        const Vector a = xs[r][k];
#pragma GCC unroll 4
        for (std::size_t c = 0; c < kSquareRows; ++c) square.sum[r][c] += a * b[c];
      }
    }
    return square;
  }

  // N F = L L^T. A lane whose pivot is not positive goes on with 1.
  void factor() {
    for (std::size_t i = 0; i < order_; i += kSquareRows) {
      for (std::size_t j = 0; j <= i; j += kSquareRows) {
        const Square square = products([&](std::size_t r) { return l(i + r); },
                                       [&](std::size_t c) { return l(j + c); }, 0, j);
        for (std::size_t c = 0; c < kSquareRows; ++c) {
          for (std::size_t r = i == j ? c : 0; r < kSquareRows; ++r) {
            Vector value = l(i + r)[j + c] - square.sum[r][c];
            for (std::size_t k = 0; k < c; ++k) value -= l(i + r)[j + k] * l(j + c)[j + k];
            l(i + r)[j + c] =
                i + r == j + c ? reciprocal_root(value, i + r) : value * l(j + c)[j + c];
          }
        }
      }
    }
  }

  Vector reciprocal_root(Vector pivots, std::size_t row) {
    Vector root;
    for (int lane = 0; lane < kLanes; ++lane) {
      double pivot = pivots[lane];
      if (!(pivot > 0) || !std::isfinite(pivot)) {
        if (failed_[lane] < 0) failed_[lane] = static_cast<std::int64_t>(row);
        pivot = 1;
      }
      root[lane] = 1 / std::sqrt(pivot);
    }
    return root;
  }

  // W and the squared lengths of its rows.
  void invert() {
    std::fill(d_, d_ + order_, Vector{});
    for (std::size_t i = 0; i < order_; i += kSquareRows) {
      for (std::size_t j = 0; j < i; j += kSquareRows) {
        const Square square = products([&](std::size_t r) { return l(i + r); },
                                       [&](std::size_t c) { return w(j + c); }, j, i);
        for (std::size_t c = 0; c < kSquareRows; ++c) finish_column(i, j + c, 0, square, c);
      }
      for (std::size_t c = 0; c < kSquareRows; ++c) {
        std::fill(w(i + c) + i, w(i + c) + i + c, Vector{});
        w(i + c)[i + c] = l(i + c)[i + c];
        d_[i + c] += l(i + c)[i + c] * l(i + c)[i + c];
        finish_column(i, i + c, c + 1, {}, c);
      }
    }
  }

  // W(j, i + r) for the rows from `begin` on of the square that begins with row i.
  void finish_column(std::size_t i, std::size_t j, std::size_t begin, const Square& square,
                     std::size_t c) {
    Vector* out = w(j);
    for (std::size_t r = begin; r < kSquareRows; ++r) {
      Vector value = square.sum[r][c];
      for (std::size_t k = begin == 0 ? 0 : begin - 1; k < r; ++k) {
        value += l(i + r)[i + k] * out[i + k];
      }
      out[i + r] = -value * l(i + r)[i + r];
      d_[j] += out[i + r] * out[i + r];
    }
  }

  // The residuals of all lanes by the factor that is there. D is written, so that its memory and
  // that of W are free.
  Status residuals() {
    if (job_.control.cancelled()) return kCancelled;
    Vector* x = d_;  // (N F)^-1 v
    for (std::size_t i = 0; i < order_; ++i) {
      x[i] = Vector{} + probe(i);
      for (std::size_t k = 0; k < i; ++k) x[i] -= l(i)[k] * x[k];
      x[i] *= l(i)[i];
    }
    for (std::size_t i = order_; i-- > 0;) {
      x[i] *= l(i)[i];
      for (std::size_t k = 0; k < i; ++k) x[k] -= l(i)[k] * x[i];
    }
    double* own = reinterpret_cast<double*>(w_);
    double* product = own + order_;
    for (std::size_t lane = 0; lane < count_; ++lane) {
      const std::size_t block = first_ + lane;
      const std::size_t order = job_.order(block);
      for (std::size_t i = 0; i < order; ++i) own[i] = x[i][lane];
      if (!multiply_symmetric(job_.state(block), order, own, product, job_.control)) {
        return kCancelled;
      }
      const double shift = job_.samples * job_.damping;
      for (std::size_t i = 0; i < order; ++i) product[i] += shift * own[i];
      job_.residual[block] = residual_of(product, order);
    }
    return {};
  }

  const InvertJob& job_;
  std::size_t first_;
  std::size_t count_;
  std::size_t order_ = 0;
  Vector* l_;
  Vector* w_;
  Vector* d_;
  std::int64_t failed_[kLanes];
};

}  // namespace woodfisher::WOODFISHER_ISA
