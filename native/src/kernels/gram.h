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

// Blocks [first, last) that share a panel.
class Group {
 public:
  Group(const AccumulateJob& job, std::size_t first, std::size_t last, double* memory)
      : job_(job), first_(first), last_(last) {
    for (std::size_t block = first; block < last; ++block) {
      gathers_[block - first] = BlockGather(job, job.begin(block), job.order(block));
      panels_[block - first] = {memory, kStrip, kPanelStrip};
      memory += padded(job.order(block)) / kStrip * kPanelStrip;
    }
  }

  // Adds samples [n, n + depth), depth <= kPanelSamples. False: cancelled.
  bool add(std::size_t n, std::size_t depth) {
    for (std::size_t row = 0; row < depth; ++row) {
      if (job_.control.cancelled()) return false;
      for (std::size_t i = 0; i < last_ - first_; ++i) gathers_[i].copy(n + row, row, panels_[i]);
    }
    for (std::size_t block = first_; block < last_; ++block) {
      const Panel& panel = panels_[block - first_];
      double* s = job_.state(block);
      double* low = job_.low_order == nullptr ? nullptr : job_.low_order + (s - job_.states);
      add_column_sums(panel, depth, job_.row_from, row_to(block),
                      job_.gradient_sum + job_.begin(block));
      if (!add_gram_rows(s, low, job_.row_from, row_to(block), depth, panel.columns(),
                         job_.control)) {
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
  std::size_t row_to(std::size_t block) const {
    return job_.row_to == 0 ? job_.order(block) : job_.row_to;
  }

  const AccumulateJob& job_;
  std::size_t first_;
  std::size_t last_;
  BlockGather gathers_[kGroupColumns / kStrip];
  Panel panels_[kGroupColumns / kStrip];
};

inline Status accumulate_gram(const AccumulateJob& job) {
  Scratch scratch(std::max(kGroupColumns, widest_block(job)) / kStrip * kPanelStrip);
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  for (std::size_t first = job.from; first < job.to;) {
    const std::size_t last = group_end(job, first);
    Group group(job, first, last, scratch.data());
    for (std::size_t n = 0; n < job.count; n += kPanelSamples) {
      if (!group.add(n, std::min(kPanelSamples, job.count - n))) return kCancelled;
    }
    group.finish();
    first = last;
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
