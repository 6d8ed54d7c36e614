#include "reading.h"

namespace woodfisher::bench {

// 32 chains: four vectors of eight, or what the compiler makes of them. The baseline instruction
// set is enough: a core asks for less than 16 bytes a cycle before memory is the limit.
double sum(const double* values, std::size_t count) {
  constexpr std::size_t chains = 32;
  double sums[chains] = {};
  std::size_t i = 0;
  for (; i + chains <= count; i += chains) {
    for (std::size_t c = 0; c < chains; ++c) sums[c] += values[i + c];
  }
  double total = 0;
  for (; i < count; ++i) total += values[i];
  for (const double s : sums) total += s;
  return total;
}

}  // namespace woodfisher::bench
