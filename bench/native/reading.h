// Reading memory and doing next to nothing with it: the bandwidth of all threads.
#pragma once

#include <cstddef>

namespace woodfisher::bench {

/// Sum of `count` float64, in as many chains as hide the additions behind the loads.
double sum(const double* values, std::size_t count);

}  // namespace woodfisher::bench
