// The tests' own aligned_alloc, which the kernels get their scratch from: it is full of NaN, so
// that what is read before it is written shows in the results, and it can be made to fail.
#pragma once

namespace woodfisher::test {

// While one lives, there is no memory for scratch.
class NoMemory {
 public:
  NoMemory();
  ~NoMemory();
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;
};

}  // namespace woodfisher::test
