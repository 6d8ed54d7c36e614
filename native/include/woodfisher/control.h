// The line between a running kernel and the main thread: a word that asks it to stop, and a counter
// of finished blocks. Both live in shared memory (src/engine/kernels.ts, `control`).
#pragma once

#include <atomic>
#include <cstdint>

namespace woodfisher {

class Control {
 public:
  explicit Control(std::int32_t* words) : words_(words) {}

  // Called at least every 10 ms of work; a relaxed load costs nothing beside it.
  bool cancelled() const {
    return words_ != nullptr &&
           std::atomic_ref<std::int32_t>(words_[0]).load(std::memory_order_relaxed) != 0;
  }

  void block_done() const {
    if (words_ != nullptr) {
      std::atomic_ref<std::int32_t>(words_[1]).fetch_add(1, std::memory_order_relaxed);
    }
  }

 private:
  std::int32_t* words_;
};

}  // namespace woodfisher
