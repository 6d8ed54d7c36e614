// Numbers of [0, 1) for the weights of a parameter, each by its index alone: two hashes of 32 bits
// by the finaliser of MurmurHash3 (Appleby 2011) give the 53 bits of a double. The same bits as
// src/engine/javascript/random-score.ts.
#pragma once

#include <cstddef>
#include <cstdint>

namespace woodfisher::WOODFISHER_ISA {

class RandomScore {
 public:
  RandomScore(std::uint32_t seed, std::uint32_t stream)
      : first_(mix(mix(seed) + (stream + 1) * 0x9e3779b9u)), second_(mix(first_ ^ 0x85ebca6bu)) {}

  double at(std::size_t index) const {
    const std::uint32_t i = static_cast<std::uint32_t>(index);
    const std::uint64_t high = mix(mix(i + first_) ^ second_) >> 5;
    const std::uint64_t low = mix(mix(i + second_) ^ first_) >> 6;
    return static_cast<double>(high << 26 | low) * 0x1p-53;
  }

 private:
  // A bijection of the 32-bit integers.
  static constexpr std::uint32_t mix(std::uint32_t x) {
    x = (x ^ x >> 16) * 0x85ebca6bu;
    x = (x ^ x >> 13) * 0xc2b2ae35u;
    return x ^ x >> 16;
  }

  std::uint32_t first_;
  std::uint32_t second_;
};

}  // namespace woodfisher::WOODFISHER_ISA
