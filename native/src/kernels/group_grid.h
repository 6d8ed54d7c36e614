// The groups of a range of weights (GroupGrid of woodfisher/jobs.h), one after the other.
#pragma once

#include <cstddef>

#include "woodfisher/jobs.h"

namespace woodfisher::WOODFISHER_ISA {

// Calls visit(g, first) for the groups of [begin, end), which begins and ends where no group is
// cut: g the group's number, `first` its first weight. False: `visit` returned false and ended it.
template <typename Visit>
inline bool for_each_group(const GroupGrid& grid, std::size_t begin, std::size_t end, Visit visit) {
  for (std::size_t c = begin; c < end;) {
    const std::size_t at = c % grid.run();
    if (at >= grid.tiles() * grid.tile()) {
      c += grid.run() - at;
      continue;
    }
    const std::size_t g = grid.groups_before(c);
    for (std::size_t l = 0; l < grid.step; ++l) {
      if (!visit(g + l, c + l)) return false;
    }
    c += grid.tile();
  }
  return true;
}

}  // namespace woodfisher::WOODFISHER_ISA
