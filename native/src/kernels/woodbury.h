// woodbury: the inverse itself, updated as samples arrive (Singh & Alistarh 2020, section 3.1, for
// k samples at once). With G the k x B matrix of samples and V = G P:
//
//   P <- P - V^T (N I + V G^T)^-1 V
//
// About 3 k B^2 flops for k samples, 2 for V and 1 for the triangle of the update. Steps have at
// most 16 samples: the recursion starts from I / lambda, so the error of one step grows with k
// lambda_max / lambda.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/block_factor.h"
#include "kernels/gather.h"
#include "woodfisher/status.h"

namespace woodfisher::WOODFISHER_ISA {

inline constexpr std::size_t kStepSamples = 16;

// V = G P, row n = (P g_n)^T. False: cancelled.
inline bool multiply_rows(const double* g, std::size_t rows, Dense p, double* v,
                          const Control& control) {
  for (std::size_t n = 0; n < rows; n += kTileRows) {
    for (std::size_t j = 0; j < p.stride; j += kTileColumns) {
      if (control.cancelled()) return false;
      const std::size_t columns = std::min(kTileColumns, p.stride - j);
      with_tile(kTileRows, columns, p.order, Rows{g + n * p.stride, 1, p.stride},
                Columns{p.data + j, p.stride, kStrip}, [&](const auto& tile) {
                  constexpr int vectors = sizeof(tile.sum[0]) / sizeof(Vector);
                  for (std::size_t r = 0; r < kTileRows; ++r) {
                    double* out = v + (n + r) * p.stride + j;
                    for (int w = 0; w < vectors; ++w) store(out + w * kLanes, tile.sum[r][w]);
                  }
                });
    }
  }
  return true;
}

// One step with `rows` <= 16 samples in g [kStepSamples, stride]; v is scratch of the same size.
inline Status woodbury_step(Dense p, const double* g, std::size_t rows, double samples, double* v,
                            const Control& control) {
  if (!multiply_rows(g, rows, p, v, control)) return kCancelled;
  alignas(64) double memory[kStepSamples * kStepSamples];
  Dense m(memory, rows);
  if (!m.clear(control)) return kCancelled;
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = i; j < rows; ++j) {
      m.at(i, j) = dot(v + i * p.stride, g + j * p.stride, p.order);
    }
    m.at(i, i) += samples;
  }
  if (Status status = factor(m, control); !status.done()) return status;
  // W = U^-T V, so that V^T M^-1 V = W^T W.
  for (std::size_t n = 0; n < rows; ++n) {
    double* w = v + n * p.stride;
    for (std::size_t k = 0; k < n; ++k) add_scaled(w, v + k * p.stride, -m.at(k, n), p.stride);
    for (std::size_t j = 0; j < p.stride; ++j) w[j] /= m.at(n, n);
  }
  if (!update_upper<Sign::kMinus>(p, 0, p.order, {v, p.stride, kStrip}, rows, control)) {
    return kCancelled;
  }
  return mirror_upper(p, control) ? Status{} : kCancelled;
}

inline Status accumulate_woodbury(const AccumulateJob& job) {
  const std::size_t widest = widest_block(job);
  const std::size_t step = kStepSamples * widest;
  Scratch scratch(Dense::doubles(widest) + 2 * step + widest);
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  double* g = scratch.data();
  double* v = g + step;
  for (std::size_t block = job.from; block < job.to; ++block) {
    const std::size_t begin = job.begin(block);
    Dense p(v + step, job.order(block));
    if (!unpack_symmetric(job.state(block), p, job.control)) return kCancelled;
    const BlockGather samples(job, begin, p.order);
    const Panel panel{g, p.stride, kStrip};
    double* sums = v + step + Dense::doubles(widest);
    std::fill(sums, sums + p.stride, 0.0);
    for (std::size_t n = 0; n < job.count; n += kStepSamples) {
      const std::size_t rows = std::min(kStepSamples, job.count - n);
      for (std::size_t row = 0; row < rows; ++row) {
        samples.copy(n + row, 1, row, panel, sums);
        for (std::size_t c = 0; c < p.order; ++c) {
          const double value = g[row * p.stride + c];
          job.square_sum[begin + c] += value * value;
        }
      }
      // Tiles read whole groups of rows: those beyond the last sample must be zero.
      std::fill(g + rows * p.stride, g + kStepSamples * p.stride, 0.0);
      const Status status = woodbury_step(p, g, rows, job.samples, v, job.control);
      if (!status.done()) return of_block(status, block);
    }
    for (std::size_t c = 0; c < p.order; ++c) job.gradient_sum[begin + c] += sums[c];
    pack_lower(p, job.state(block));
    job.control.block_done();
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
