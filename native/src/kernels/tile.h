// The one micro-kernel: a small tile of a matrix product, held in registers.
//
//   C(r, c) = sum over q < depth of A(q, r) * B(q, c)      r < kTileRows, c < vectors * kLanes
//
// The Gram sums, the Cholesky trailing update, the triangular inverse and both products of the
// Woodbury step are this sum with different strides. Each step of q costs kTileRows broadcasts and
// `vectors` loads for kTileRows * vectors fused multiply-adds; with 8 x 3 (AVX-512) that is 11
// loads for 24 multiply-adds, so the multipliers, not the loads, are the limit.
#pragma once

#include <cstddef>

#include "kernels/vector.h"

namespace woodfisher::WOODFISHER_ISA {

// Where A(q, r) stands: data[q * step + r * row].
struct Rows {
  const double* data;
  std::size_t step;
  std::size_t row;
};

// Where B(q, c) stands: data[q * step + (c / kStrip) * strip + c % kStrip].
struct Columns {
  const double* data;
  std::size_t step;
  std::size_t strip;
};

template <int kVectors>
struct Tile {
  static constexpr std::size_t kColumns = static_cast<std::size_t>(kVectors) * kLanes;
  Vector sum[kTileRows][kVectors];
};

// The first kRows rows of the tile. Not inlined: the sums must stay in registers whatever the
// caller does with the result.
template <int kRows, int kVectors>
[[gnu::noinline]] void multiply_tile(std::size_t depth, Rows a, Columns b, Tile<kVectors>* out) {
  static_assert(kStrip % kLanes == 0);
  Vector sum[kRows][kVectors] = {};
  const double* __restrict pa = a.data;
  const double* __restrict pb = b.data;
  for (std::size_t q = 0; q < depth; ++q, pa += a.step, pb += b.step) {
    Vector column[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      column[v] = load(pb + (v * kLanes / kStrip) * b.strip + v * kLanes % kStrip);
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const double value = pa[r * a.row];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sum[r][v] += value * column[v];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) out->sum[r][v] = sum[r][v];
  }
}

// The last rows of a matrix are seldom a whole tile: a half and a quarter of one save their time.
template <int kVectors, typename Use>
inline void compute_and_use(std::size_t rows, std::size_t depth, Rows a, Columns b, Use use) {
  Tile<kVectors> tile;
  if (rows > kTileRows / 2) {
    multiply_tile<kTileRows, kVectors>(depth, a, b, &tile);
  } else if (kTileRows < 4 || rows > kTileRows / 4) {
    multiply_tile<kTileRows / 2, kVectors>(depth, a, b, &tile);
  } else {
    multiply_tile<kTileRows / 4 + (kTileRows < 4), kVectors>(depth, a, b, &tile);
  }
  use(tile);
}

// Calls use(tile) with the smallest tile that covers `rows` (1 ... kTileRows) and `columns` (at
// least 1); rows beyond `rows` are undefined.
template <typename Use>
inline void with_tile(std::size_t rows, std::size_t columns, std::size_t depth, Rows a, Columns b,
                      Use use) {
  const std::size_t vectors = (columns + kLanes - 1) / kLanes;
  if constexpr (kTileVectors >= 4) {
    if (vectors >= 4) return compute_and_use<4>(rows, depth, a, b, use);
  }
  if constexpr (kTileVectors >= 3) {
    if (vectors >= 3) return compute_and_use<3>(rows, depth, a, b, use);
  }
  if (vectors >= 2) return compute_and_use<2>(rows, depth, a, b, use);
  compute_and_use<1>(rows, depth, a, b, use);
}

inline constexpr std::size_t kTileColumns = static_cast<std::size_t>(kTileVectors) * kLanes;

}  // namespace woodfisher::WOODFISHER_ISA
