#include "scratch_memory.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace woodfisher::test {

namespace {

constexpr std::size_t kFilled = std::size_t{1} << 24;  // beyond, filling would be all that is timed

std::atomic<bool> exhausted = false;

}  // namespace

NoMemory::NoMemory() {
  exhausted = true;
}

NoMemory::~NoMemory() {
  exhausted = false;
}

}  // namespace woodfisher::test

// Defined in the program, it takes the place of the C library's for all that is linked into it.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  void* memory = nullptr;
  if (woodfisher::test::exhausted || posix_memalign(&memory, alignment, size) != 0) return nullptr;
  if (size <= woodfisher::test::kFilled) std::memset(memory, 0xff, size);
  return memory;
}
