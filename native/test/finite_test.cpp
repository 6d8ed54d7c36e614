// The search for NaN and infinity, at every misalignment.
#include <cfloat>
#include <limits>
#include <vector>

#include "support/harness.h"

namespace woodfisher::test {

namespace {

constexpr float kBad[] = {
    std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::quiet_NaN(),
    std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()};

// Finite, and as close to not being so as can be.
std::vector<float> finite_values(std::size_t count) {
  constexpr float kGood[] = {0.0f, -0.0f, FLT_MAX, -FLT_MAX, FLT_TRUE_MIN, 1.0f, -FLT_MIN};
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = kGood[i % std::size(kGood)];
  return values;
}

double found(const Kernels& kernels, const std::vector<float>& values, std::size_t begin,
             std::size_t end) {
  const Status status =
      kernels.find_non_finite({.values = values.data(), .begin = begin, .end = end});
  expect_done(status, "find");
  return status.value;
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("finite values are all accepted, at every misalignment and length", [&] {
    for (std::size_t begin = 0; begin <= 17; ++begin) {
      for (std::size_t length = 0; length <= 70; ++length) {
        const std::vector<float> values = finite_values(begin + length);
        expect_equal(found(kernels, values, begin, begin + length), -1.0, "nothing to find");
      }
    }
  });

  specify("one bad value is found wherever it stands", [&] {
    for (float bad : kBad) {
      for (std::size_t begin = 0; begin <= 17; ++begin) {
        for (std::size_t at = begin; at < begin + 50; ++at) {
          std::vector<float> values = finite_values(begin + 50);
          values[at] = bad;
          expect_equal(found(kernels, values, begin, values.size()), static_cast<double>(at),
                       text("from ", begin));
        }
      }
    }
  });

  specify("the first of several is named", [&] {
    std::vector<float> values = finite_values(20000);
    for (std::size_t at : {19999, 8192, 4097, 4096, 4095, 100, 3}) {
      values[at] = kBad[at % 4];
      expect_equal(found(kernels, values, 1, values.size()), static_cast<double>(at), "first");
    }
  });

  specify("what is outside the range does not matter", [&] {
    std::vector<float> values = finite_values(9000);
    values[9] = values[5000] = kBad[0];
    expect_equal(found(kernels, values, 10, 5000), -1.0, "between two");
    expect_equal(found(kernels, values, 10, 5001), 5000.0, "the second");
    expect_equal(found(kernels, values, 5000, 5000), -1.0, "an empty range");
  });
}

}  // namespace woodfisher::test
