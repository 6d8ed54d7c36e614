// N:M sparsity where the weights of a group do not interact: the ones with the smallest scores go.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/group_grid.h"
#include "woodfisher/jobs.h"
#include "woodfisher/status.h"

namespace woodfisher::WOODFISHER_ISA {

// How many weights of a group go, ties by index.
inline std::size_t choose_smallest_of(const ChooseSmallestJob& job, std::size_t g,
                                      std::size_t first) {
  std::size_t there[kLargestChoice];
  std::size_t members = 0;
  for (std::size_t i = 0; i < job.grid.size; ++i) {
    const std::size_t c = first + i * job.grid.step;
    if (job.mask[c] != 0) there[members++] = c;
  }
  job.costs[g] = 0;
  if (members <= job.keep) return 0;
  const std::size_t count = members - job.keep;
  std::sort(there, there + members, [&](std::size_t a, std::size_t b) {
    return job.scores[a] < job.scores[b] || (job.scores[a] == job.scores[b] && a < b);
  });
  for (std::size_t k = 0; k < count; ++k) {
    job.mask_after[there[k]] = 0;
    job.costs[g] += job.scores[there[k]];
  }
  return count;
}

inline Status choose_smallest(const ChooseSmallestJob& job) {
  std::size_t pruned = 0;
  for (std::size_t block = job.from; block < job.to; ++block) {
    if (job.control.cancelled()) return kCancelled;
    const std::size_t begin = job.begin(block);
    const std::size_t end = job.starts[block + 1];
    std::copy(job.mask + begin, job.mask + end, job.mask_after + begin);
    for_each_group(job.grid, begin, end, [&](std::size_t g, std::size_t first) {
      pruned += choose_smallest_of(job, g, first);
      return true;
    });
    job.control.block_done();
  }
  return {.value = static_cast<double>(pruned)};
}

}  // namespace woodfisher::WOODFISHER_ISA
