// Memory that lives for one kernel call: float64, aligned to a cache line.
#pragma once

#include <cstddef>

namespace woodfisher {

// From now on this thread keeps its scratch from call to call, up to 32 MB: memory that is freed
// and taken again is new pages each time, and an allocator may hold on to more of it.
void keep_scratch();

// Frees what this thread keeps. Not left to the end of the thread: a library with something to do
// then cannot be unloaded.
void drop_scratch();

double* take_scratch(std::size_t bytes);
void give_scratch(double* data);

class Scratch {
 public:
  explicit Scratch(std::size_t doubles)
      : bytes_(doubles == 0 ? 64 : (doubles * sizeof(double) + 63) / 64 * 64),
        data_(take_scratch(bytes_)) {}
  ~Scratch() { give_scratch(data_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  double* data() const { return data_; }  // null: there was not enough memory
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
  double* data_;
};

}  // namespace woodfisher
