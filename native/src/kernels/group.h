// Blocks that are gathered together. A batch is row-major: a group reads 2 KB from each of its
// rows, where a single small block would touch as many distant pages for 200 bytes each.
#pragma once

#include <cstddef>

#include "kernels/dense.h"
#include "woodfisher/jobs.h"

namespace woodfisher::WOODFISHER_ISA {

inline constexpr std::size_t kGroupColumns = 512;

// The first block after `first` that no longer fits into one group with it.
inline std::size_t group_end(const BlockRange& range, std::size_t first) {
  std::size_t columns = padded(range.order(first));
  std::size_t last = first + 1;
  while (last < range.to && columns + padded(range.order(last)) <= kGroupColumns) {
    columns += padded(range.order(last++));
  }
  return last;
}

}  // namespace woodfisher::WOODFISHER_ISA
