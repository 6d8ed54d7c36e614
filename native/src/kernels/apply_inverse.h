// y = F^-1 x of one block, whatever its solver keeps.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/block_factor.h"
#include "kernels/dual.h"

namespace woodfisher::WOODFISHER_ISA {

// Scratch that `apply_inverse` needs for the widest block.
inline std::size_t apply_inverse_doubles(const StateRange& range, std::size_t widest) {
  switch (range.solver) {
    case Solver::kGram:
      return Dense::doubles(widest);
    case Solver::kDual:
      return Dual::doubles(range.sample_count());
    case Solver::kWoodbury:
      break;
  }
  return 0;
}

// gram: by the factor of F; woodbury: by P as it stands; dual: by the factor of its N x N system.
inline Status apply_inverse(const StateRange& range, std::size_t block, double* memory,
                            const double* x, double* y) {
  const std::size_t order = range.order(block);
  bool complete = true;
  switch (range.solver) {
    case Solver::kGram: {
      const Dense u(memory, order);
      if (Status status = factor_fisher(range, block, u); !status.done()) return status;
      std::copy_n(x, order, y);
      complete = solve_symmetric(u, y, range.control);
      break;
    }
    case Solver::kWoodbury:
      complete = multiply_symmetric(range.state(block), order, x, y, range.control);
      break;
    case Solver::kDual: {
      const Dual dual(range, block, memory);
      Status status = dual.factor_system(every_row, order);
      if (!status.done()) return of_block(status, block);
      complete = dual.apply_inverse(x, y);
      break;
    }
  }
  return complete ? Status{} : kCancelled;
}

}  // namespace woodfisher::WOODFISHER_ISA
