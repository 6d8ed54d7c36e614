// Where the first NaN or infinity stands. Runs at memory speed: x - x is 0 for finite x alone.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/vector.h"
#include "woodfisher/jobs.h"
#include "woodfisher/status.h"

namespace woodfisher::WOODFISHER_ISA {

inline constexpr std::size_t kFiniteChunk = 4096;

inline Status find_non_finite(const FindNonFiniteJob& job) {
  for (std::size_t begin = job.begin; begin < job.end; begin += kFiniteChunk) {
    const std::size_t end = std::min(begin + kFiniteChunk, job.end);
    if (job.control.cancelled()) return kCancelled;
    std::uint32_t suspicious = 0;
    for (std::size_t i = begin; i < end; ++i) suspicious |= job.values[i] - job.values[i] != 0;
    if (suspicious == 0) continue;
    for (std::size_t i = begin; i < end; ++i) {
      if (!std::isfinite(job.values[i])) return {.value = static_cast<double>(i)};
    }
  }
  return {.value = -1};
}

}  // namespace woodfisher::WOODFISHER_ISA
