// The passes of the exact selection: a radix selection over the bits of the scores. Counts of
// different ranges, threads or machines are merged by adding them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels/vector.h"
#include "woodfisher/jobs.h"
#include "woodfisher/status.h"

namespace woodfisher::WOODFISHER_ISA {

inline constexpr std::size_t kDigits = 65536;
inline constexpr unsigned kDigitBits = 16;

// Calls visit(c) for the units of the range that are still there. False: cancelled.
template <typename Range, typename Visit>
inline bool for_each_kept(const Range& job, Visit visit) {
  for (std::size_t block = job.from; block < job.to; ++block) {
    if (job.control.cancelled()) return false;
    for (std::size_t c = job.begin(block); c < job.starts[block + 1]; ++c) {
      if (job.mask[c] != 0) visit(c);
    }
    job.control.block_done();
  }
  return true;
}

inline Status count_keys(const CountKeysJob& job) {
  const unsigned shift = 64 - kDigitBits * (job.level + 1);
  const bool complete = for_each_kept(job, [&](std::size_t c) {
    const auto bits = std::bit_cast<std::uint64_t>(job.scores[c]) >> shift;
    const auto prefix = static_cast<double>(bits >> kDigitBits);
    const double* end = job.prefixes + job.prefix_count;
    const double* found = std::lower_bound(job.prefixes, end, prefix);
    if (found == end || *found != prefix) return;
    job.counts[static_cast<std::size_t>(found - job.prefixes) * kDigits + bits % kDigits] +=
        job.amounts.of(c);
  });
  return complete ? Status{} : kCancelled;
}

inline Status count_ties(const CountTiesJob& job) {
  const bool complete = for_each_kept(job, [&](std::size_t c) {
    if (job.scores[c] != job.score) return;
    const std::size_t index = job.order_of_axes.model_index(c);
    if (job.level == 0) {
      job.counts[index >> kDigitBits] += job.amounts.of(c);
    } else if (index >> kDigitBits == job.prefix) {
      job.counts[index % kDigits] += job.amounts.of(c);
    }
  });
  return complete ? Status{} : kCancelled;
}

inline Status cut(const CutJob& job) {
  double pruned = 0;
  for (std::size_t block = job.from; block < job.to; ++block) {
    std::copy(job.mask + job.begin(block), job.mask + job.starts[block + 1],
              job.mask_after + job.begin(block));
  }
  const bool complete = for_each_kept(job, [&](std::size_t c) {
    const double s = job.scores[c];
    const bool below = s < job.score;
    const bool tied =
        s == job.score && static_cast<double>(job.order_of_axes.model_index(c)) <= job.last_tie;
    if (!below && !tied) return;
    job.mask_after[c] = 0;
    pruned += job.amounts.of(c);
  });
  return complete ? Status{.value = pruned} : kCancelled;
}

}  // namespace woodfisher::WOODFISHER_ISA
