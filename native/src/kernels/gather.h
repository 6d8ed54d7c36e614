// Gradients of a block, out of a row-major batch [count, size] of float32 in the model's layout,
// into a float64 panel in block order. Pruned coordinates become zero, and so does the padding.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/dense.h"
#include "woodfisher/jobs.h"

namespace woodfisher::WOODFISHER_ISA {

// Value (n, c) of a panel stands at data[n * step + (c / kStrip) * strip + c % kStrip].
struct Panel {
  double* data;
  std::size_t step;
  std::size_t strip;

  Columns columns() const { return {data, step, strip}; }
};

// What of a block does not change from sample to sample.
class BlockGather {
 public:
  BlockGather() = default;

  // Weights [begin, begin + order) of the job's parameter.
  BlockGather(const AccumulateJob& job, std::size_t begin, std::size_t order)
      : job_(&job), begin_(begin), order_(order) {
    const std::uint8_t* mask = job.mask + begin;
    masked_ = std::find(mask, mask + order, std::uint8_t{0}) != mask + order;
  }

  // Copies sample n to row `row` of the panel.
  void copy(std::size_t n, std::size_t row, Panel panel) const {
    const float* sample = job_->gradients + n * job_->size;
    double* out = panel.data + row * panel.step;
    const std::size_t whole = order_ / kStrip * kStrip;
    if (job_->order_of_axes.identity()) {
      const float* in = sample + begin_;
      for (std::size_t c = 0; c < whole; c += kStrip, out += panel.strip) {
        for (int lane = 0; lane < kStrip; ++lane) out[lane] = in[c + lane];
      }
      if (whole < order_) {
        for (std::size_t lane = 0; lane < kStrip; ++lane) {
          out[lane] = whole + lane < order_ ? in[whole + lane] : 0.0;
        }
      }
    } else {
      copy_permuted(sample, out, panel.strip);
    }
    if (masked_) zero_pruned(panel.data + row * panel.step, panel.strip);
  }

 private:
  void copy_permuted(const float* sample, double* out, std::size_t strip) const {
    const AxisOrder& axes = job_->order_of_axes;
    const std::size_t inner = axes.before * axes.after;
    std::size_t output = begin_ / inner;
    std::size_t before = begin_ % inner / axes.after;
    std::size_t after = begin_ % axes.after;
    for (std::size_t c = 0; c < padded(order_); ++c) {
      const bool inside = c < order_;
      out[c / kStrip * strip + c % kStrip] =
          inside ? sample[(before * axes.outputs + output) * axes.after + after] : 0.0;
      if (!inside || ++after < axes.after) continue;
      after = 0;
      if (++before < axes.before) continue;
      before = 0;
      ++output;
    }
  }

  void zero_pruned(double* out, std::size_t strip) const {
    const std::uint8_t* mask = job_->mask + begin_;
    for (std::size_t c = 0; c < order_; ++c) {
      if (mask[c] == 0) out[c / kStrip * strip + c % kStrip] = 0;
    }
  }

  const AccumulateJob* job_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t order_ = 0;
  bool masked_ = false;
};

// sums[c] += the panel's column sums, for columns [from, to).
inline void add_column_sums(Panel panel, std::size_t depth, std::size_t from, std::size_t to,
                            double* sums) {
  for (std::size_t strip = from / kStrip; strip * kStrip < to; ++strip) {
    const double* values = panel.data + strip * panel.strip;
    double total[kStrip] = {};
    for (std::size_t n = 0; n < depth; ++n, values += panel.step) {
      for (int lane = 0; lane < kStrip; ++lane) total[lane] += values[lane];
    }
    for (std::size_t c = std::max(from, strip * kStrip); c < std::min(to, (strip + 1) * kStrip);
         ++c) {
      sums[c] += total[c - strip * kStrip];
    }
  }
}

}  // namespace woodfisher::WOODFISHER_ISA
