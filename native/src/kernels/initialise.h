// The state before any sample: S = 0, or P = F_0^-1 = I / lambda.
#pragma once

#include <cstddef>
#include <cstring>

#include "kernels/vector.h"
#include "woodfisher/jobs.h"
#include "woodfisher/packed_triangle.h"
#include "woodfisher/status.h"

namespace woodfisher::WOODFISHER_ISA {

inline void clear(const StateRange& range, std::size_t block) {
  const std::size_t order = range.order(block);
  double* state = range.state(block);
  std::memset(state, 0, sizeof(double) * packed_size(order));
  if (range.solver == Solver::kGram) return;
  for (std::size_t i = 0; i < order; ++i) state[packed_row(i) + i] = 1 / range.damping;
}

inline Status initialise(const StateRange& range) {
  for (std::size_t block = range.from; block < range.to; ++block) {
    if (range.control.cancelled()) return kCancelled;
    if (range.solver != Solver::kDual) clear(range, block);  // dual has no samples to clear
    range.control.block_done();
  }
  return {};
}

}  // namespace woodfisher::WOODFISHER_ISA
