// gram with `low_order`: the rounding errors of adding panels to S are kept, so that the error of
// the sum does not grow with the number of panels.
#include <cmath>
#include <cstdint>

#include "support/parameter.h"
#include "woodfisher/packed_triangle.h"

namespace woodfisher::test {

namespace {

constexpr std::size_t kOrder = 9;
constexpr std::size_t kBatch = 4096;
constexpr std::size_t kRepeats = 125;
constexpr double kUnit = 0x1p-42;  // every product is a multiple of it

// Nearly equal gradients of 21 bits: sums of 128 products are exact in float64 (49 bits), sums of
// 512,000 are not (61 bits), but are exact as whole multiples of kUnit.
Parameter nearly_equal_gradients(bool low_order) {
  Parameter parameter({.orders = {kOrder}, .samples = kBatch, .low_order = low_order});
  Random random(11);
  for (float& g : parameter.gradients) g = 1 + static_cast<float>(random.whole(0, 7) * 0x1p-21);
  return parameter;
}

std::int64_t whole(double value) {
  return static_cast<std::int64_t>(value / kUnit);
}

std::int64_t exact_sum(const Parameter& parameter, std::size_t i, std::size_t j) {
  std::int64_t sum = 0;
  for (std::size_t n = 0; n < kBatch; ++n) {
    sum += whole(static_cast<double>(parameter.gradient(n, i)) * parameter.gradient(n, j));
  }
  return sum * static_cast<std::int64_t>(kRepeats);
}

void add_repeatedly(const Kernels& kernels, Parameter& parameter) {
  expect_done(kernels.initialise(parameter.all()), "initialise");
  for (std::size_t repeat = 0; repeat < kRepeats; ++repeat) {
    expect_done(kernels.accumulate(parameter.accumulation(parameter.all(), 0, kBatch)), "add");
  }
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("S and its low order part together are the exact sum", [&] {
    Parameter parameter = nearly_equal_gradients(true);
    add_repeatedly(kernels, parameter);
    for (std::size_t i = 0; i < kOrder; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        const std::size_t at = packed_row(i) + j;
        const std::int64_t sum = whole(parameter.states[at]) + whole(parameter.low_order[at]);
        expect_equal(sum, exact_sum(parameter, i, j), text("S(", i, ", ", j, ")"));
        expect_at_most(std::fabs(parameter.low_order[at]), 0x1p-53 * parameter.states[at],
                       text("low order part (", i, ", ", j, ")"));
      }
    }
  });

  specify("without it the error stays below one rounding per panel", [&] {
    Parameter parameter = nearly_equal_gradients(false);
    add_repeatedly(kernels, parameter);
    constexpr double kPanels = kRepeats * kBatch / 128.0;
    for (std::size_t at = 0; at < packed_size(kOrder); ++at) {
      const auto i =
          static_cast<std::size_t>((std::sqrt(8.0 * static_cast<double>(at) + 1) - 1) / 2);
      const auto sum = static_cast<long double>(exact_sum(parameter, i, at - packed_row(i)));
      const long double error = std::fabs(parameter.states[at] - sum * kUnit);
      expect_at_most(error, kPanels * 0x1p-53 * parameter.states[at], text("entry ", at));
    }
  });
}

}  // namespace woodfisher::test
