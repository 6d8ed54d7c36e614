// Gradients of a block into a panel in block order, float64, out of a row-major batch of float32:
// of whole gradients [count, size] in the model's layout, or of the factors of outer products,
// inputs [count, in] and deltas [count, out], which are multiplied here, in cache. Pruned
// coordinates become zero, and so does the padding. Where blocks hold some of the model's weights
// alone (AxisOrder::places), their columns are picked out of the rows.
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

// Rows that are gathered together: 256 bytes of a strip, which are written without a gap.
inline constexpr std::size_t kGatherRows = 4;

// The places of a block's weights among all of the parameter's, one after the other. They ascend,
// so that no division is needed to know the output that each belongs to.
class PlaceWalk {
 public:
  PlaceWalk(const AxisOrder& axes, std::size_t c)
      : axes_(&axes),
        next_(axes.places + c),
        inner_(axes.inner()),
        output_(*next_ / inner_),
        first_(output_ * inner_) {}

  struct Place {
    std::size_t output;
    std::size_t input;
  };

  Place next() {
    const std::size_t place = *next_++;
    for (; place - first_ >= inner_; first_ += inner_) ++output_;
    return {output_, place - first_};
  }

  std::size_t next_model_index() {
    if (axes_->before == 1) return *next_++;
    const auto [output, input] = next();
    return axes_->model_index(output, input);
  }

 private:
  const AxisOrder* axes_;
  const std::uint32_t* next_;
  std::size_t inner_;
  std::size_t output_;
  std::size_t first_;  // place of the output's first weight
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
    const std::size_t tail = order % kStrip;
    std::copy_n(mask + order - tail, tail, tail_mask_);
  }

  // Copies samples [n, n + rows), at most kGatherRows, to the panel's rows from `row` on, and adds
  // them to `sums`, one for each of the panel's columns.
  void copy(std::size_t n, std::size_t rows, std::size_t row, Panel panel, double* sums) const {
    double* out = panel.data + row * panel.step;
    if (rows == kGatherRows && panel.step == kStrip) {
      if (job_->order_of_axes.places != nullptr) return pick_strips(n, out, panel.strip, sums);
      if (job_->gradients == nullptr) {
        return masked_ ? copy_products<true>(n, out, panel.strip, sums)
                       : copy_products<false>(n, out, panel.strip, sums);
      }
      if (job_->order_of_axes.identity()) {
        return masked_ ? copy_strips<true>(n, out, panel.strip, sums)
                       : copy_strips<false>(n, out, panel.strip, sums);
      }
    }
    for (std::size_t r = 0; r < rows; ++r) {
      write(n + r, out + r * panel.step, panel.strip, padded(order_));
    }
    for (std::size_t c = 0; c < padded(order_); c += kStrip) {
      const double* strip = out + c / kStrip * panel.strip;
      for (std::size_t r = 0; r < rows; ++r) {
        for (int lane = 0; lane < kStrip; ++lane) sums[c + lane] += strip[r * panel.step + lane];
      }
    }
  }

  // Copies sample n to `out`, side by side, without padding.
  void copy(std::size_t n, float* out) const { write(n, out, kStrip, order_); }

 private:
  // kGatherRows rows of one strip; `mask` is that of its columns.
  template <bool kMasked>
  static void copy_strip(const float* in, std::size_t step, const std::uint8_t* mask, double* out,
                         double* sums) {
    const auto whole = [](Vector given, std::size_t) { return given; };
    copy_strip<kMasked>(in, step, whole, mask, out, sums);
  }

  // The same with value(given, r) in place of what row r has.
  template <bool kMasked, typename Value>
  static void copy_strip(const float* in, std::size_t step, Value value_of,
                         const std::uint8_t* mask, double* out, double* sums) {
    for (int at = 0; at < kStrip; at += kLanes) {
      const Lanes kept = kMasked ? lanes_of(mask + at) : Lanes{};
      Vector sum = {};
#pragma GCC unroll 4
      for (std::size_t r = 0; r < kGatherRows; ++r) {
        const Vector given = value_of(widen(in + r * step + at), r);
        const Vector value = kMasked ? select(given, kept) : given;
        store(out + r * kStrip + at, value);
        sum += value;
      }
      store(sums + at, load(sums + at) + sum);
    }
  }

  template <bool kMasked>
  void copy_strips(std::size_t n, double* out, std::size_t strip, double* sums) const {
    const float* in = job_->gradients + n * job_->size + begin_;
    const std::uint8_t* mask = job_->mask + begin_;
    std::size_t c = 0;
    for (; c + kStrip <= order_; c += kStrip, out += strip) {
      copy_strip<kMasked>(in + c, job_->size, mask + c, out, sums + c);
    }
    if (c == order_) return;
    const std::size_t last_row = (n + kGatherRows - 1) * job_->size + begin_;
    if (last_row + c + kStrip <= job_->count * job_->size) {
      return copy_strip<true>(in + c, job_->size, tail_mask_, out, sums + c);
    }
    float tail[kGatherRows * kStrip] = {};  // nothing is read behind the last sample
    for (std::size_t i = c; i < order_; ++i) {
      for (std::size_t r = 0; r < kGatherRows; ++r) {
        tail[r * kStrip + i - c] = in[r * job_->size + i];
      }
    }
    copy_strip<true>(tail, kStrip, tail_mask_, out, sums + c);
  }

  // A strip of products has one delta for each row, but where the inputs end and begin anew.
  template <bool kMasked>
  void copy_products(std::size_t n, double* out, std::size_t strip, double* sums) const {
    const AxisOrder& axes = job_->order_of_axes;
    const std::size_t inner = axes.before * axes.after;
    std::size_t output = begin_ / inner;
    std::size_t input = begin_ % inner;
    for (std::size_t c = 0; c < order_; c += kStrip, out += strip) {
      if (input == inner) {
        input = 0;
        ++output;
      }
      const float* inputs = job_->inputs + n * inner;
      const float* deltas = job_->deltas + n * axes.outputs;
      if (input + kStrip <= inner && c + kStrip <= order_) {
        const auto product = [&](Vector given, std::size_t r) {
          return static_cast<double>(deltas[r * axes.outputs + output]) * given;
        };
        copy_strip<kMasked>(inputs + input, inner, product, job_->mask + begin_ + c, out, sums + c);
        input += kStrip;
        continue;
      }
      for (std::size_t lane = 0; lane < kStrip; ++lane) {
        const bool kept = c + lane < order_ && job_->mask[begin_ + c + lane] != 0;
        double sum = 0;
        for (std::size_t r = 0; r < kGatherRows; ++r) {
          const double value = kept ? static_cast<double>(deltas[r * axes.outputs + output]) *
                                          inputs[r * inner + input]
                                    : 0.0;
          out[r * kStrip + lane] = value;
          sum += value;
        }
        sums[c + lane] += sum;
        if (c + lane < order_ && ++input == inner) {
          input = 0;
          ++output;
        }
      }
    }
  }

  // Some of the model's weights: their columns are found once for all of the rows.
  void pick_strips(std::size_t n, double* out, std::size_t strip, double* sums) const {
    PlaceWalk walk(job_->order_of_axes, begin_);
    const std::size_t outputs = job_->order_of_axes.outputs;
    const std::size_t inner = job_->order_of_axes.inner();
    for (std::size_t c = 0; c < order_; c += kStrip, out += strip) {
      const std::size_t lanes = std::min<std::size_t>(kStrip, order_ - c);
      if (job_->gradients == nullptr) {
        PlaceWalk::Place places[kStrip];
        for (std::size_t lane = 0; lane < lanes; ++lane) places[lane] = walk.next();
        pick_strip(c, lanes, out, sums, [&](std::size_t r, std::size_t lane) {
          const auto [output, input] = places[lane];
          return static_cast<double>(job_->deltas[(n + r) * outputs + output]) *
                 job_->inputs[(n + r) * inner + input];
        });
      } else {
        std::size_t columns[kStrip];
        for (std::size_t lane = 0; lane < lanes; ++lane) columns[lane] = walk.next_model_index();
        pick_strip(c, lanes, out, sums, [&](std::size_t r, std::size_t lane) {
          return static_cast<double>(job_->gradients[(n + r) * job_->size + columns[lane]]);
        });
      }
    }
  }

  // `lanes` columns from c on, zeros behind them; value(r, lane) is that of row r. Summed in the
  // order of copy_strip.
  template <typename Value>
  void pick_strip(std::size_t c, std::size_t lanes, double* out, double* sums,
                  Value value_of) const {
    double sum[kStrip] = {};
    for (std::size_t r = 0; r < kGatherRows; ++r) {
      for (std::size_t lane = 0; lane < kStrip; ++lane) {
        const bool kept = lane < lanes && job_->mask[begin_ + c + lane] != 0;
        const double value = kept ? value_of(r, lane) : 0.0;
        out[r * kStrip + lane] = value;
        sum[lane] += value;
      }
    }
    for (std::size_t lane = 0; lane < kStrip; ++lane) sums[c + lane] += sum[lane];
  }

  // Weights of sample n in strips, zeros from `order` to `width`.
  template <typename T>
  void write(std::size_t n, T* out, std::size_t strip, std::size_t width) const {
    if (job_->order_of_axes.places != nullptr) {
      pick(n, out, strip);
    } else if (job_->gradients == nullptr) {
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

  // The product of two float32 is rounded once.
  template <typename T>
  void pick(std::size_t n, T* out, std::size_t strip) const {
    const AxisOrder& axes = job_->order_of_axes;
    PlaceWalk walk(axes, begin_);
    if (job_->gradients != nullptr) {
      const float* sample = job_->gradients + n * job_->size;
      for (std::size_t c = 0; c < order_; ++c)
        out[place(c, strip)] = sample[walk.next_model_index()];
      return;
    }
    const float* inputs = job_->inputs + n * axes.inner();
    const float* deltas = job_->deltas + n * axes.outputs;
    for (std::size_t c = 0; c < order_; ++c) {
      const auto [output, input] = walk.next();
      out[place(c, strip)] = static_cast<T>(static_cast<double>(deltas[output]) * inputs[input]);
    }
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
  std::uint8_t tail_mask_[kStrip] = {};  // of the last, short strip
};

// Asks for the gradients of the blocks that are gathered next, a row at a time, while others are
// worked on: a row's few lines are on a page of their own, and the gather would wait for each.
class ReadAhead {
 public:
  ReadAhead() = default;

  // Samples [n, n + rows) of the blocks [first, last).
  ReadAhead(const AccumulateJob& job, std::size_t first, std::size_t last, std::size_t n,
            std::size_t rows) {
    if (job.gradients == nullptr || !job.order_of_axes.identity() || first == last) return;
    next_ = job.gradients + n * job.size + job.begin(first);
    columns_ = job.starts[last] - job.starts[first];
    step_ = job.size;
    rows_ = rows;
  }

  void one_row() {
    if (rows_ == 0) return;
    --rows_;
    for (std::size_t c = 0; c < columns_; c += kLine) __builtin_prefetch(next_ + c, 0, 2);
    next_ += step_;
  }

 private:
  static constexpr std::size_t kLine = 16;  // float32 of a cache line

  const float* next_ = nullptr;
  std::size_t columns_ = 0;
  std::size_t step_ = 0;
  std::size_t rows_ = 0;
};

}  // namespace woodfisher::WOODFISHER_ISA
