// Cholesky factorisation A = U^T U of a dense block, its inverse factor, and solves with it.
// By panels of rows: a panel is factored by bands of a tile's rows, each after what the panel's
// rows above it take from it; then the whole panel is taken from the rest.
// Backward stable (Higham, Accuracy and Stability of Numerical Algorithms, 2002, theorem 10.3).
#pragma once

#include <cmath>
#include <cstddef>

#include "kernels/dense.h"
#include "kernels/rank_update.h"
#include "woodfisher/status.h"

namespace woodfisher::WOODFISHER_ISA {

// Rows whose products are subtracted from the rest in one go.
inline constexpr std::size_t kFactorPanel = 64;

// Upper triangle of `a` -> U in place (about order^3 / 3 flops). What is below the diagonal is
// lost. A pivot that is not positive and finite: kNotPositiveDefinite, with its row.
inline Status factor(Dense a, const Control& control) {
  const std::size_t n = a.order;
  for (std::size_t p = 0; p < n; p += kFactorPanel) {
    const std::size_t end = std::min(p + kFactorPanel, n);
    for (std::size_t band = p; band < end; band += kTileRows) {
      const std::size_t band_end = std::min<std::size_t>(band + kTileRows, end);
      const Columns above{a.row(p), a.stride, kStrip};
      if (!update_upper<Sign::kMinus>(a, band, band_end, above, band - p, control)) {
        return kCancelled;
      }
      for (std::size_t q = band; q < band_end; ++q) {
        double* row = a.row(q);
        for (std::size_t k = band; k < q; ++k) {
          add_scaled(row + q, a.row(k) + q, -a.at(k, q), a.stride - q);
        }
        const double pivot = row[q];
        if (!(pivot > 0) || !std::isfinite(pivot)) {
          return {.outcome = Outcome::kNotPositiveDefinite, .pivot = static_cast<std::int64_t>(q)};
        }
        const double root = std::sqrt(pivot);
        row[q] = root;
        for (std::size_t j = q + 1; j < a.stride; ++j) row[j] /= root;
      }
    }
    const Columns panel{a.row(p), a.stride, kStrip};
    if (!update_upper<Sign::kMinus>(a, end, n, panel, end - p, control)) return kCancelled;
  }
  return {};
}

// V = U^-1, upper (about order^3 / 3 flops); the rest of V becomes zero. False: cancelled.
// From the last rows up: V(i, :) = (e_i - sum over k > i of U(i, k) V(k, :)) / U(i, i).
inline bool invert_factor(Dense u, Dense v, const Control& control) {
  if (!v.clear(control)) return false;
  const std::size_t n = u.order;
  for (std::size_t p = (n - 1) / kTileRows * kTileRows;; p -= kTileRows) {
    const std::size_t end = std::min<std::size_t>(p + kTileRows, n);
    for (std::size_t i = p; i < end && end < n; i += kTileRows) {
      const std::size_t rows = std::min<std::size_t>(kTileRows, end - i);
      for (std::size_t j = end / kStrip * kStrip; j < v.stride; j += kTileColumns) {
        if (control.cancelled()) return false;
        const std::size_t columns = std::min(kTileColumns, v.stride - j);
        const std::size_t depth = std::min(n, j + columns) - end;  // V(k, j) = 0 for k > j
        with_tile(rows, columns, depth, Rows{u.row(i) + end, 1, u.stride},
                  Columns{v.row(end) + j, v.stride, kStrip}, [&](const auto& tile) {
                    constexpr int vectors = sizeof(tile.sum[0]) / sizeof(Vector);
                    for (std::size_t r = 0; r < rows; ++r) {
                      double* out = v.row(i + r) + j;
                      for (int w = 0; w < vectors; ++w) store(out + w * kLanes, -tile.sum[r][w]);
                    }
                  });
      }
    }
    for (std::size_t i = end; i-- > p;) {
      if (control.cancelled()) return false;
      double* row = v.row(i);
      row[i] = 1;
      for (std::size_t k = i + 1; k < end; ++k) {
        add_scaled(row + k, v.row(k) + k, -u.at(i, k), v.stride - k);
      }
      const double pivot = u.at(i, i);
      for (std::size_t j = i; j < v.stride; ++j) row[j] /= pivot;
    }
    if (p == 0) return true;
  }
}

// x <- U^-T x (order^2 flops). False: cancelled.
inline bool solve_transposed(Dense u, double* x, const Control& control) {
  for (std::size_t i = 0; i < u.order; ++i) {
    if (i % kSquare == 0 && control.cancelled()) return false;
    x[i] /= u.at(i, i);
    add_scaled(x + i + 1, u.row(i) + i + 1, -x[i], u.order - i - 1);
  }
  return true;
}

// x <- (U^T U)^-1 x (2 order^2 flops). False: cancelled.
inline bool solve_symmetric(Dense u, double* x, const Control& control) {
  if (!solve_transposed(u, x, control)) return false;
  for (std::size_t i = u.order; i-- > 0;) {
    if (i % kSquare == 0 && control.cancelled()) return false;
    x[i] = (x[i] - dot(u.row(i) + i + 1, x + i + 1, u.order - i - 1)) / u.at(i, i);
  }
  return true;
}

}  // namespace woodfisher::WOODFISHER_ISA
