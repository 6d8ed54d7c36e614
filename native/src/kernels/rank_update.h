// Symmetric rank-k updates, one triangle of them, in tiles.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/dense.h"
#include "kernels/tile.h"
#include "woodfisher/control.h"
#include "woodfisher/packed_triangle.h"

namespace woodfisher::WOODFISHER_ISA {

// s += t, and the rounding error of that goes into low, to be added the next time (Knuth's two-sum;
// the error of a sum of m terms is then independent of m).
inline void add_exactly(double& s, double& low, double t) {
  const double y = t + low;
  const double sum = s + y;
  const double y_part = sum - s;
  low = (s - (sum - y_part)) + (y - y_part);
  s = sum;
}

// Rows [from, to) of the packed lower triangle: S += X X^T, X given as `panel` (B(q, c) = X(c, q)).
// n (n + 1) depth flops for all rows. Calls between() before each tile. False: cancelled.
template <typename Between>
inline bool add_gram_rows(double* s, double* low, std::size_t from, std::size_t to,
                          std::size_t depth, Columns panel, const Control& control,
                          Between between) {
  std::size_t rows = 0;
  for (std::size_t i = from; i < to; i += rows) {
    if (control.cancelled()) return false;
    // A tile's rows stand in one strip: where `from` is within a tile, the first one is short.
    rows = std::min<std::size_t>(kTileRows - i % kTileRows, to - i);
    const std::size_t width = i + rows;  // the last row's entries 0..i+rows-1
    const Rows a{panel.data + i / kStrip * panel.strip + i % kStrip, panel.step, 1};
    for (std::size_t j = 0; j < width; j += kTileColumns) {
      const Columns b{panel.data + j / kStrip * panel.strip, panel.step, panel.strip};
      const std::size_t columns = std::min(kTileColumns, width - j);
      between();
      // The sums are wanted when the tile is done; its rows are too far apart to be foreseen.
      for (std::size_t r = 0; r < rows; ++r) {
        const double* sums = s + packed_row(i + r) + j;
        for (std::size_t c = 0; c < columns + kStrip; c += kStrip)
          __builtin_prefetch(sums + c, 0, 2);
      }
      with_tile(rows, columns, depth, a, b, [&](const auto& tile) {
        for (std::size_t r = 0; r < rows; ++r) {
          const std::size_t offset = packed_row(i + r) + j;
          if (j > i + r) continue;
          const std::size_t valid = std::min(columns, i + r + 1 - j);
          const double* sums = reinterpret_cast<const double*>(tile.sum[r]);
          if (low == nullptr) {
            std::size_t c = 0;
            for (int v = 0; c + kLanes <= valid; ++v, c += kLanes) {
              store(s + offset + c, load(s + offset + c) + tile.sum[r][v]);
            }
            for (; c < valid; ++c) s[offset + c] += sums[c];
          } else {
            for (std::size_t c = 0; c < valid; ++c) {
              add_exactly(s[offset + c], low[offset + c], sums[c]);
            }
          }
        }
      });
    }
  }
  return true;
}

enum class Sign { kPlus, kMinus };

// C(i, j) += or -= sum over q < depth of A(q, i) A(q, j) for i in [from, to) and j >= i, and for
// some j below, which nobody reads. A is in strips; row-major is strips that are kStrip apart.
// False: cancelled.
template <Sign kSign>
inline bool update_upper(Dense c, std::size_t from, std::size_t to, Columns a, std::size_t depth,
                         const Control& control) {
  if (depth == 0) return true;
  const auto at = [&](std::size_t i) { return a.data + i / kStrip * a.strip + i % kStrip; };
  for (std::size_t i = from / kTileRows * kTileRows; i < to; i += kTileRows) {
    if (control.cancelled()) return false;
    const std::size_t rows = std::min<std::size_t>(kTileRows, to - i);
    for (std::size_t j = i / kStrip * kStrip; j < c.stride; j += kTileColumns) {
      const std::size_t columns = std::min(kTileColumns, c.stride - j);
      with_tile(rows, columns, depth, Rows{at(i), a.step, 1}, Columns{at(j), a.step, a.strip},
                [&](const auto& tile) {
                  constexpr int vectors = sizeof(tile.sum[0]) / sizeof(Vector);
                  for (std::size_t r = 0; r < rows; ++r) {
                    if (i + r < from) continue;
                    double* out = c.row(i + r) + j;
                    for (int v = 0; v < vectors; ++v) {
                      const Vector sum = tile.sum[r][v];
                      const Vector old = load(out + v * kLanes);
                      store(out + v * kLanes, kSign == Sign::kPlus ? old + sum : old - sum);
                    }
                  }
                });
    }
  }
  return true;
}

}  // namespace woodfisher::WOODFISHER_ISA
