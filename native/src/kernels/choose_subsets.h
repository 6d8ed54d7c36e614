// N:M sparsity by the inverse: of each group the subset goes whose joint removal costs least.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/group_grid.h"
#include "kernels/inverse_entries.h"
#include "kernels/subset_search.h"

namespace woodfisher::WOODFISHER_ISA {

class SubsetChoice {
 public:
  SubsetChoice(const ChooseSubsetsJob& job, InverseEntries& inverse)
      : job_(job), inverse_(inverse) {}

  double pruned() const { return pruned_; }

  Status run(std::size_t block) {
    const std::size_t begin = job_.begin(block);
    const std::size_t end = job_.starts[block + 1];
    std::copy(job_.mask + begin, job_.mask + end, job_.mask_after + begin);
    Status status;
    for_each_group(job_.grid, begin, end, [&](std::size_t g, std::size_t first) {
      status = job_.control.cancelled() ? kCancelled : choose(block, g, first);
      return status.done();
    });
    return status;
  }

 private:
  Status choose(std::size_t block, std::size_t g, std::size_t first) {
    std::size_t there[kLargestChoice];
    std::size_t members = 0;
    for (std::size_t i = 0; i < job_.grid.size; ++i) {
      const std::size_t c = first + i * job_.grid.step;
      if (job_.mask[c] != 0) there[members++] = c;
    }
    job_.costs[g] = 0;
    if (members <= job_.keep) return {};
    const std::size_t count = members - job_.keep;
    if (Status status = inverse_.prepare(block); !status.done()) return status;
    const std::size_t begin = job_.begin(block);
    for (std::size_t i = 0; i < members; ++i) {
      search_.weights[i] = job_.weights[there[i]] - job_.first_order.shift(there[i]);
      for (std::size_t j = 0; j <= i; ++j) {
        search_.at(i, j) = inverse_.at(there[i] - begin, there[j] - begin);
      }
    }
    if (Status status = search_.run(members, count); !status.done()) {
      status.pivot = static_cast<std::int64_t>(there[status.pivot] - begin);
      return of_block(status, block);
    }
    for (std::size_t k = 0; k < count; ++k) job_.mask_after[there[search_.best[k]]] = 0;
    job_.costs[g] = search_.cost;
    pruned_ += static_cast<double>(count);
    return {};
  }

  const ChooseSubsetsJob& job_;
  InverseEntries& inverse_;
  SubsetSearch search_;
  double pruned_ = 0;
};

inline Status choose_subsets(const ChooseSubsetsJob& job) {
  const std::size_t widest = widest_block(job);
  Scratch scratch(InverseEntries::doubles(job, widest));
  if (scratch.data() == nullptr) return out_of_memory(scratch);
  InverseEntries inverse(job, widest, scratch.data());
  SubsetChoice choice(job, inverse);
  for (std::size_t block = job.from; block < job.to; ++block) {
    if (job.control.cancelled()) return kCancelled;
    if (Status status = choice.run(block); !status.done()) return status;
    job.control.block_done();
  }
  return {.value = choice.pruned()};
}

}  // namespace woodfisher::WOODFISHER_ISA
