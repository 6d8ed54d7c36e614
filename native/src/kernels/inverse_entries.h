// Entries of F^-1, one block at a time, for groups of weights that lie in it.
#pragma once

#include <cstddef>

#include "kernels/dual.h"

namespace woodfisher::WOODFISHER_ISA {

class InverseEntries {
 public:
  static std::size_t doubles(const StateRange& range, std::size_t widest) {
    return factor_doubles(range, widest) + widest;
  }

  InverseEntries(const StateRange& range, std::size_t widest, double* memory)
      : range_(range),
        widest_(widest),
        memory_(memory),
        diagonal_(memory + factor_doubles(range, widest)),
        block_(range.to) {}

  // Makes the entries of a block available; does nothing for the block of the last call.
  Status prepare(std::size_t block) {
    if (block_ == block) return {};
    order_ = range_.order(block);
    const Status status = factor_block(block);
    if (status.done()) block_ = block;
    return status;
  }

  double at(std::size_t i, std::size_t j) const {
    switch (range_.solver) {
      case Solver::kGram: {
        const Dense v = inverse_factor();
        return dot(v.row(i), v.row(j), v.stride);
      }
      case Solver::kDual:
        return ((i == j ? 1 : 0) - product_of_columns(i, j)) / range_.damping;
      case Solver::kWoodbury:
        break;
    }
    return entry(range_.state(block_), i, j);
  }

 private:
  static std::size_t factor_doubles(const StateRange& range, std::size_t widest) {
    return range.solver == Solver::kDual ? dual_doubles(range, widest) : 2 * Dense::doubles(widest);
  }

  Dense inverse_factor() const { return {memory_ + Dense::doubles(widest_), order_}; }

  // gram: U^-1 behind U; dual: W behind its system, and the diagonal as a by-product.
  Status factor_block(std::size_t block) {
    if (range_.solver == Solver::kDual) return dual_diagonal(range_, block, memory_, diagonal_);
    if (range_.solver == Solver::kWoodbury) return {};
    const Dense u(memory_, order_);
    if (Status status = factor_fisher(range_, block, u); !status.done()) return status;
    return invert_factor(u, inverse_factor(), range_.control) ? Status{} : kCancelled;
  }

  // sum over n of W_ni W_nj
  double product_of_columns(std::size_t i, std::size_t j) const {
    const double* w = memory_ + Dual::doubles(range_.sample_count());
    double sum = 0;
    for (std::size_t n = 0; n < range_.sample_count(); ++n, w += padded(order_)) {
      sum += w[i] * w[j];
    }
    return sum;
  }

  const StateRange& range_;
  std::size_t widest_;
  double* memory_;
  double* diagonal_;
  std::size_t block_;
  std::size_t order_ = 0;
};

}  // namespace woodfisher::WOODFISHER_ISA
