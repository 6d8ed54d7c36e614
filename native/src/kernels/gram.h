// gram: S += sum of g g^T. For a block of B weights and k samples k B (B + 1) flops.
//
// Blocks are taken in groups of about 512 columns: the batch is row-major, so a group reads 2 KB
// from each of its rows where a single small block would touch k distant pages for 200 bytes each.
// A group's panel of 128 samples is 512 KB of float64 and stays in the second-level cache while the
// blocks' triangles are updated from it.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/block_factor.h"
#include "kernels/gather.h"
#include "kernels/group.h"
#include "kernels/rank_update.h"
#include "woodfisher/status.h"

namespace woodfisher::WOODFISHER_ISA {

// Samples that are summed in registers before they are added to the state: the error of S is that
// of sums this long, plus that of adding the panels (which `low_order` takes away).
inline constexpr std::size_t kPanelSamples = 128;
// One row of padding, or every strip would begin at the same cache set.
inline constexpr std::size_t kPanelStrip = (kPanelSamples + 1) * kStrip;

// Blocks [first, last) whose gradients are asked for together.
class Group {
 public:
  // Scratch of blocks of at most `columns` columns, a multiple of kStrip: a panel and its sums.
  static std::size_t doubles(std::size_t columns) {
    return columns / kStrip * kPanelStrip + columns;
  }

  Group(const AccumulateJob& job, std::size_t first, std::size_t last, double* memory)
      : job_(job), first_(first), last_(last), memory_(memory) {}

  // Adds samples [n, n + depth), depth <= kPanelSamples, and reads ahead. False: cancelled.
  bool add(std::size_t n, std::size_t depth, ReadAhead ahead) {
    for (std::size_t block = first_; block < last_; ++block) {
      const std::size_t columns = padded(job_.order(block));
      const Panel panel{memory_, kStrip, kPanelStrip};
      double* sums = memory_ + columns / kStrip * kPanelStrip;
      if (!gather(block, n, depth, panel, sums)) return false;
      for (std::size_t i = job_.row_from; i < row_to(block); ++i) {
        job_.gradient_sum[job_.begin(block) + i] += sums[i];
      }
      double* s = job_.state(block);
      double* low = job_.low_order == nullptr ? nullptr : job_.low_order + (s - job_.states);
      if (!add_gram_rows(s, low, job_.row_from, row_to(block), depth, panel.columns(), job_.control,
                         [&] { ahead.one_row(); })) {
        return false;
      }
    }
    return true;
  }

  void finish() {
    for (std::size_t block = first_; block < last_; ++block) {
      const double* s = job_.state(block);
      for (std::size_t i = job_.row_from; i < row_to(block); ++i) {
        job_.square_sum[job_.begin(block) + i] = s[packed_row(i) + i];
      }
      job_.control.block_done();
    }
  }

 private:
  // Samples [n, n + depth) to the panel, and their sums. False: cancelled.
  bool gather(std::size_t block, std::size_t n, std::size_t depth, Panel panel,
              double* sums) const {
    const BlockGather samples(job_, job_.begin(block), job_.order(block));
    std::fill_n(sums, padded(job_.order(block)), 0.0);
    for (std::size_t row = 0; row < depth; row += kGatherRows) {
      if (job_.control.cancelled()) return false;
      samples.copy(n + row, std::min(kGatherRows, depth - row), row, panel, sums);
    }
    return true;
  }

  std::size_t row_to(std::size_t block) const {
    return job_.row_to == 0 ? job_.order(block) : job_.row_to;
  }

  const AccumulateJob& job_;
  std::size_t first_;
  std::size_t last_;
  double* memory_;
};

inline Status accumulate_gram(const AccumulateJob& job) {
  Scratch scratch(Group::doubles(widest_block(job)));
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  if (job.from < job.to) {
    ReadAhead own(job, job.from, group_end(job, job.from), 0, std::min(kPanelSamples, job.count));
    for (std::size_t n = 0; n < kPanelSamples; ++n) own.one_row();
  }
  for (std::size_t first = job.from; first < job.to;) {
    const std::size_t last = group_end(job, first);
    Group group(job, first, last, scratch.data());
    const std::size_t next = last < job.to ? group_end(job, last) : last;
    for (std::size_t n = 0; n < job.count; n += kPanelSamples) {
      const std::size_t depth = std::min(kPanelSamples, job.count - n);
      const std::size_t then = n + depth;
      const ReadAhead ahead =
          then < job.count
              ? ReadAhead(job, first, last, then, std::min(kPanelSamples, job.count - then))
              : ReadAhead(job, last, next, 0, std::min(kPanelSamples, job.count));
      if (!group.add(n, depth, ahead)) return kCancelled;
    }
    group.finish();
    first = last;
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
