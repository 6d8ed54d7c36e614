// Chains of float64 multiply-adds that do nothing else: the arithmetic peak of one thread.
#pragma once

namespace woodfisher::bench {

/// A kernel that runs `steps` steps of its independent chains.
struct Chains {
  const char* instruction_set;
  /// Floating-point operations of one step, a multiply-add counted as two.
  double flops_per_step;
  /// Returns a number that depends on every chain, so that none is optimised away.
  double (*run)(long steps);
};

/// The widest that this processor has, as native/src/dispatch.cpp chooses the kernels.
const Chains& widest_chains();

}  // namespace woodfisher::bench
