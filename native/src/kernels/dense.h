// A block as a dense, padded, row-major matrix in scratch memory: what factorisations work on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "kernels/tile.h"
#include "woodfisher/jobs.h"
#include "woodfisher/packed_triangle.h"

namespace woodfisher::WOODFISHER_ISA {

// Rows and columns are padded to whole strips, so that tiles may read and write past the order.
constexpr std::size_t padded(std::size_t order) {
  return (order + kStrip - 1) / kStrip * kStrip;
}

struct Dense {
  double* data;
  std::size_t order;
  std::size_t stride;  // padded(order)

  Dense(double* memory, std::size_t n) : data(memory), order(n), stride(padded(n)) {}
  double* row(std::size_t i) const { return data + i * stride; }
  double& at(std::size_t i, std::size_t j) const { return data[i * stride + j]; }

  // Row by row: the first touch of a large matrix is the system handing out its pages. False:
  // cancelled.
  bool clear(const Control& control) const {
    for (std::size_t i = 0; i < stride; ++i) {
      if (i % kStrip == 0 && control.cancelled()) return false;
      std::memset(row(i), 0, sizeof(double) * stride);
    }
    return true;
  }

  static std::size_t doubles(std::size_t order) { return padded(order) * padded(order); }
};

// Matrices are walked in squares of this side wherever rows meet columns, so that the strided side
// of the walk stays in the first-level cache.
inline constexpr std::size_t kSquare = 32;

// Calls visit(i, from, to) for all rows i of a lower triangle, square by square: entries
// (i, from) ... (i, to - 1). False: cancelled.
template <typename Visit>
inline bool for_each_lower_square(std::size_t order, const Control& control, Visit visit) {
  for (std::size_t top = 0; top < order; top += kSquare) {
    if (control.cancelled()) return false;
    const std::size_t bottom = std::min(top + kSquare, order);
    for (std::size_t left = 0; left < bottom; left += kSquare) {
      for (std::size_t i = top; i < bottom; ++i) {
        visit(i, left, std::min(left + kSquare, i + 1));
      }
    }
  }
  return true;
}

// The upper triangle of packed / divisor + shift I, over the ascending rows index(0) ...
// index(order - 1) of the packed matrix; the padding is zero. False: cancelled.
template <typename Index>
inline bool unpack_upper(const double* packed, Index index, double divisor, double shift, Dense out,
                         const Control& control) {
  if (!out.clear(control)) return false;
  const bool complete = for_each_lower_square(out.order, control,
                                              [&](std::size_t i, std::size_t from, std::size_t to) {
                                                const double* row = packed + packed_row(index(i));
                                                for (std::size_t j = from; j < to; ++j)
                                                  out.at(j, i) = row[index(j)] / divisor;
                                              });
  for (std::size_t i = 0; i < out.order; ++i) out.at(i, i) += shift;
  return complete;
}

// All of a packed symmetric matrix; the padding is zero. False: cancelled.
inline bool unpack_symmetric(const double* packed, Dense out, const Control& control) {
  if (!out.clear(control)) return false;
  return for_each_lower_square(out.order, control,
                               [&](std::size_t i, std::size_t from, std::size_t to) {
                                 const double* row = packed + packed_row(i);
                                 for (std::size_t j = from; j < to; ++j) {
                                   out.at(i, j) = out.at(j, i) = row[j];
                                 }
                               });
}

// Makes the lower triangle equal to the upper one. False: cancelled.
inline bool mirror_upper(Dense a, const Control& control) {
  return for_each_lower_square(a.order, control,
                               [&](std::size_t i, std::size_t from, std::size_t to) {
                                 for (std::size_t j = from; j < to; ++j) a.at(i, j) = a.at(j, i);
                               });
}

inline void pack_lower(Dense p, double* packed) {
  for (std::size_t i = 0; i < p.order; ++i) {
    std::memcpy(packed + packed_row(i), p.row(i), sizeof(double) * (i + 1));
  }
}

// Entry (i, j) of a packed symmetric matrix.
inline double entry(const double* packed, std::size_t i, std::size_t j) {
  return i >= j ? packed[packed_row(i) + j] : packed[packed_row(j) + i];
}

inline double dot(const double* a, const double* b, std::size_t n) {
  Vector sum0 = {};
  Vector sum1 = {};
  std::size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    sum0 += load(a + i) * load(b + i);
    sum1 += load(a + i + kLanes) * load(b + i + kLanes);
  }
  double sum = sum_of(sum0 + sum1);
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// y += factor * x
inline void add_scaled(double* y, const double* x, double factor, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] += factor * x[i];
}

// y = A x for a packed symmetric A, 2 order^2 flops at memory speed. False: cancelled.
inline bool multiply_symmetric(const double* packed, std::size_t order, const double* x, double* y,
                               const Control& control) {
  for (std::size_t i = 0; i < order; ++i) {
    if (i % kSquare == 0 && control.cancelled()) return false;
    const double* row = packed + packed_row(i);
    y[i] = dot(row, x, i) + row[i] * x[i];
    add_scaled(y, row, x[i], i);
  }
  return true;
}

}  // namespace woodfisher::WOODFISHER_ISA
