// Memory that lives for one kernel call: float64, aligned to a cache line, freed at its end.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace woodfisher {

class Scratch {
 public:
  explicit Scratch(std::size_t doubles)
      : bytes_(doubles == 0 ? 64 : (doubles * sizeof(double) + 63) / 64 * 64),
        data_(static_cast<double*>(std::aligned_alloc(64, bytes_))) {}
  ~Scratch() { std::free(data_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  double* data() const { return data_; }  // null: there was not enough memory
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
  double* data_;
};

}  // namespace woodfisher
