#include "woodfisher/scratch.h"

#include <cstdlib>

namespace woodfisher {

namespace {

constexpr std::size_t kMostKept = std::size_t{32} << 20;

double* allocate(std::size_t bytes) {
  return static_cast<double*>(std::aligned_alloc(64, bytes));
}

struct Kept {
  double* data = nullptr;
  std::size_t bytes = 0;
  bool wanted = false;
  bool lent = false;
};

thread_local Kept kept;

}  // namespace

void keep_scratch() {
  kept.wanted = true;
}

void drop_scratch() {
  if (!kept.lent) std::free(kept.data);
  kept = {};
}

double* take_scratch(std::size_t bytes) {
  if (!kept.wanted || kept.lent || bytes > kMostKept) return allocate(bytes);
  if (kept.bytes < bytes) {
    std::free(kept.data);
    kept.data = allocate(bytes);
    kept.bytes = kept.data == nullptr ? 0 : bytes;
  }
  kept.lent = kept.data != nullptr;
  return kept.data;
}

void give_scratch(double* data) {
  if (data != nullptr && data == kept.data) {
    kept.lent = false;
  } else {
    std::free(data);
  }
}

}  // namespace woodfisher
