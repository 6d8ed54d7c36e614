// The line between a running kernel and the main thread: a word that asks it to stop, and a counter
// of finished blocks. Both live in shared memory (src/engine/kernels.ts, `control`).
// The compiler's own atomics: libc++ has std::atomic_ref only since LLVM 19 (Xcode 16.3).
#pragma once

#include <cstdint>

namespace woodfisher {

class Control {
 public:
  explicit Control(std::int32_t* words) : words_(words) {}

  // Called at least every 10 ms of work; a relaxed load costs nothing beside it.
  bool cancelled() const {
    return words_ != nullptr && __atomic_load_n(&words_[0], __ATOMIC_RELAXED) != 0;
  }

  void block_done() const {
    if (words_ != nullptr) __atomic_fetch_add(&words_[1], 1, __ATOMIC_RELAXED);
  }

 private:
  std::int32_t* words_;
};

}  // namespace woodfisher
