// Gradients of a block into a panel in block order, float64, out of a row-major batch of float32:
// of whole gradients [count, size] in the model's layout, or of the factors of outer products,
// inputs [count, in] and deltas [count, out], which are multiplied here, in cache. Pruned
// coordinates become zero, and so does the padding.
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
    write(n, panel.data + row * panel.step, panel.strip, padded(order_));
  }

  // Copies sample n to `out`, side by side, without padding.
  void copy(std::size_t n, float* out) const { write(n, out, kStrip, order_); }

 private:
  // Weights of sample n in strips, zeros from `order` to `width`.
  template <typename T>
  void write(std::size_t n, T* out, std::size_t strip, std::size_t width) const {
    if (job_->gradients == nullptr) {
      write_products(n, out, strip);
    } else if (job_->order_of_axes.identity()) {
      write_run(job_->gradients + n * job_->size + begin_, 1.0f, 0, order_, out, strip);
    } else {
      write_permuted(job_->gradients + n * job_->size, out, strip);
    }
    for (std::size_t c = order_; c < width; ++c) out[place(c, strip)] = 0;
    if (!masked_) return;
    for (std::size_t c = 0; c < order_; ++c) {
      if (job_->mask[begin_ + c] == 0) out[place(c, strip)] = 0;
    }
  }

  // Places [from, to) = factor * in[0 ... to - from). The product of two float32 is exact in
  // float64.
  template <typename T>
  static void write_run(const float* in, float factor, std::size_t from, std::size_t to, T* out,
                        std::size_t strip) {
    const T scale = factor;
    std::size_t c = from;
    for (; c < to && c % kStrip != 0; ++c) out[place(c, strip)] = scale * in[c - from];
    for (; c + kStrip <= to; c += kStrip) {
      T* lanes = out + place(c, strip);
      for (int lane = 0; lane < kStrip; ++lane) lanes[lane] = scale * in[c - from + lane];
    }
    for (; c < to; ++c) out[place(c, strip)] = scale * in[c - from];
  }

  // In block order the weights of one output stand together: delta_o times a run of the inputs.
  template <typename T>
  void write_products(std::size_t n, T* out, std::size_t strip) const {
    const AxisOrder& axes = job_->order_of_axes;
    const std::size_t inner = axes.before * axes.after;
    const float* inputs = job_->inputs + n * inner;
    const float* deltas = job_->deltas + n * axes.outputs;
    std::size_t output = begin_ / inner;
    std::size_t input = begin_ % inner;
    for (std::size_t c = 0; c < order_; ++output, input = 0) {
      const std::size_t to = std::min(order_, c + inner - input);
      write_run(inputs + input, deltas[output], c, to, out, strip);
      c = to;
    }
  }

  template <typename T>
  void write_permuted(const float* sample, T* out, std::size_t strip) const {
    const AxisOrder& axes = job_->order_of_axes;
    const std::size_t inner = axes.before * axes.after;
    std::size_t output = begin_ / inner;
    std::size_t before = begin_ % inner / axes.after;
    std::size_t after = begin_ % axes.after;
    for (std::size_t c = 0; c < order_; ++c) {
      out[place(c, strip)] = sample[(before * axes.outputs + output) * axes.after + after];
      if (++after < axes.after) continue;
      after = 0;
      if (++before < axes.before) continue;
      before = 0;
      ++output;
    }
  }

  static std::size_t place(std::size_t c, std::size_t strip) {
    return c / kStrip * strip + c % kStrip;
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
