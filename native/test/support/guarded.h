// An array between two stretches of guard bytes. The guards are all ones: as floating point they
// are NaN, so that what reads them shows in the results, and what writes them shows here. Under
// AddressSanitizer there are none: it tells of the first byte that is read before or behind.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "harness.h"

namespace woodfisher::test {

template <typename T>
class Guarded {
 public:
  explicit Guarded(std::size_t count = 0, T value = {})
      : count_(count), bytes_(count * sizeof(T) + 2 * kGuard, kGuardByte) {
    fill(value);
  }

  T* data() { return reinterpret_cast<T*>(bytes_.data() + kGuard); }
  const T* data() const { return reinterpret_cast<const T*>(bytes_.data() + kGuard); }
  std::size_t size() const { return count_; }
  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  T* begin() { return data(); }
  T* end() { return data() + count_; }
  std::span<const T> span() const { return {data(), count_}; }
  void fill(T value) { std::fill(begin(), end(), value); }

  bool intact() const {
    const auto is_guard = [](unsigned char byte) { return byte == kGuardByte; };
    const auto last = bytes_.end();
    return std::all_of(bytes_.begin(), bytes_.begin() + kGuard, is_guard) &&
           std::all_of(last - kGuard, last, is_guard);
  }

 private:
#if defined(__SANITIZE_ADDRESS__)
  static constexpr std::ptrdiff_t kGuard = 0;
#else
  static constexpr std::ptrdiff_t kGuard = 256;
#endif
  static constexpr unsigned char kGuardByte = 0xff;

  std::size_t count_;
  std::vector<unsigned char> bytes_;
};

// Bit for bit, so that NaN equals itself and -0 differs from 0.
template <typename T>
bool same_bits(std::span<const T> a, std::span<const T> b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

template <typename T>
void expect_same_bits(const Guarded<T>& actual, const Guarded<T>& expected, const std::string& what,
                      Location where = Location::current()) {
  expect(actual.intact(), what + ": guard bytes were written", where);
  expect(same_bits(actual.span(), expected.span()), what + ": other bits", where);
}

// Nothing but [begin, end) differs from what was there before.
template <typename T>
void expect_unchanged_outside(const Guarded<T>& now, const Guarded<T>& before, std::size_t begin,
                              std::size_t end, const std::string& what,
                              Location where = Location::current()) {
  expect(now.intact(), what + ": guard bytes were written", where);
  const std::span<const T> a = now.span();
  const std::span<const T> b = before.span();
  expect(same_bits(a.first(begin), b.first(begin)), what + ": written before the range", where);
  expect(same_bits(a.subspan(end), b.subspan(end)), what + ": written after the range", where);
}

}  // namespace woodfisher::test
