// The vector that residuals are taken with, and the residual of what should be it again.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/vector.h"

namespace woodfisher::WOODFISHER_ISA {

// Signs by the fractional part of i times the golden ratio.
inline double probe(std::size_t i) {
  return (static_cast<std::uint32_t>(i + 1) * 0x9e3779b9u) >> 31 != 0 ? 1.0 : -1.0;
}

// |y - v| / |v| for v = probe
inline double residual_of(const double* y, std::size_t order) {
  double sum = 0;
  for (std::size_t i = 0; i < order; ++i) sum += (y[i] - probe(i)) * (y[i] - probe(i));
  return std::sqrt(sum / static_cast<double>(order));
}

}  // namespace woodfisher::WOODFISHER_ISA
