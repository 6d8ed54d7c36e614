// How a kernel call ended. Kernels never throw: the addon turns a status into a JavaScript object.
#pragma once

#include <cstdint>

namespace woodfisher {

enum class Outcome { kDone, kCancelled, kNotPositiveDefinite, kOutOfMemory };

struct Status {
  Outcome outcome = Outcome::kDone;
  std::int64_t block = -1;  // within the parameter
  std::int64_t pivot = -1;  // row of the block at which a factorisation failed
  double value = 0;         // what the function counted or found, or the bytes it could not get

  bool done() const { return outcome == Outcome::kDone; }
};

inline constexpr Status kCancelled = {.outcome = Outcome::kCancelled};

}  // namespace woodfisher
