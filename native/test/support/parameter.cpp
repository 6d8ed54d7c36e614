#include "parameter.h"

#include <algorithm>

#include "woodfisher/packed_triangle.h"

namespace woodfisher::test {

namespace {

constexpr std::size_t kSlack = 5;
constexpr double kUntouched = -777;

std::vector<std::uint32_t> starts_of(const std::vector<std::size_t>& orders) {
  std::vector<std::uint32_t> starts = {0};
  for (std::size_t order : orders)
    starts.push_back(starts.back() + static_cast<std::uint32_t>(order));
  return starts;
}

// Written as the contract says it, loop by loop: block order is [outputs, before, after], the
// model's is [before, outputs, after].
std::vector<std::uint32_t> model_indices(const AxisOrder& axes) {
  std::vector<std::uint32_t> model;
  for (std::size_t output = 0; output < axes.outputs; ++output) {
    for (std::size_t before = 0; before < axes.before; ++before) {
      for (std::size_t after = 0; after < axes.after; ++after) {
        const std::size_t index = (before * axes.outputs + output) * axes.after + after;
        model.push_back(static_cast<std::uint32_t>(index));
      }
    }
  }
  return model;
}

}  // namespace

Parameter::Parameter(const Plan& given) : plan(given), starts(starts_of(given.orders)) {
  if (plan.axes.after == 0) plan.axes = {1, 1, size()};
  model = model_indices(plan.axes);
  expect_equal(model.size(), size(), "the axes of the plan cover its blocks");
  const std::size_t widest = *std::max_element(plan.orders.begin(), plan.orders.end());
  stride = packed_size(widest) + kSlack;

  Random random(plan.seed);
  for (std::size_t i = 0; i < plan.samples * size(); ++i) {
    gradients.push_back(
        static_cast<float>(plan.whole_gradients ? random.whole(-8, 8) : random.between(-1, 1)));
  }
  weights = Guarded<float>(size());
  for (std::size_t c = 0; c < size(); ++c) {
    mask.push_back(!random.chance(plan.pruned));
    mask_after.push_back(mask[c] != 0 && random.chance(0.5));
    weights[c] = mask[c] != 0 ? static_cast<float>(random.between(-1, 1)) : 0.0f;
    input.push_back(random.between(-1, 1));
  }
  // What AddressSanitizer knows is where memory ends, not where a vector does.
  starts.shrink_to_fit();
  gradients.shrink_to_fit();
  mask.shrink_to_fit();
  mask_after.shrink_to_fit();
  input.shrink_to_fit();

  const std::size_t state_size = (blocks() - plan.first_block) * stride;
  states = Guarded<double>(state_size, kUntouched);
  low_order = Guarded<double>(plan.low_order ? state_size : 0);
  rows = Guarded<float>(
      plan.solver == Solver::kDual ? (blocks() - plan.first_block) * plan.samples * widest : 0);
  gradient_sum = Guarded<double>(size());
  square_sum = Guarded<double>(size());
  diagonal = Guarded<double>(size(), kUntouched);
  condition = Guarded<double>(blocks(), kUntouched);
  output = Guarded<double>(size(), kUntouched);
  losses = Guarded<double>(2 * blocks(), kUntouched);
  keys = Guarded<double>(size(), kUntouched);
  marginal_losses = Guarded<double>(size(), kUntouched);
  inverse_gradient = Guarded<double>(size(), kUntouched);
}

StateRange Parameter::range(std::size_t from, std::size_t to) {
  return {{starts.data(), from, to, Control(control)},
          plan.solver,
          states.data(),
          plan.first_block,
          stride,
          static_cast<double>(plan.samples),
          plan.damping,
          rows.data(),
          *std::max_element(plan.orders.begin(), plan.orders.end())};
}

AccumulateJob Parameter::accumulation(const StateRange& range, std::size_t first,
                                      std::size_t count) {
  return {range,
          gradients.data() + first * size(),
          count,
          size(),
          plan.axes,
          mask.data(),
          gradient_sum.data(),
          square_sum.data(),
          plan.low_order ? low_order.data() : nullptr,
          0,
          0,
          first};
}

InvertJob Parameter::inversion(const StateRange& range) {
  return {range, square_sum.data(), diagonal.data(), condition.data()};
}

MultiplyJob Parameter::multiplication(const StateRange& range) {
  return {range, input.data(), output.data()};
}

UpdateJob Parameter::pruning(const StateRange& range, UpdateRule rule) {
  return {range,        rule, weights.data(), mask.data(), mask_after.data(), gradient_sum.data(),
          losses.data()};
}

GreedyJob Parameter::tracing(const StateRange& range, double step) {
  return {range, weights.data(), mask.data(),           plan.axes, gradient_sum.data(),
          step,  keys.data(),    marginal_losses.data()};
}

FirstOrder Parameter::first_order(const Kernels& kernels, double step) {
  std::vector<double> mean(gradient_sum.begin(), gradient_sum.end());
  for (double& value : mean) value /= static_cast<double>(plan.samples);
  expect_done(kernels.multiply({all(), mean.data(), inverse_gradient.data()}), "multiply");
  return {step, inverse_gradient.data()};
}

void Parameter::estimate(const Kernels& kernels, std::size_t batch) {
  expect_done(kernels.initialise(all()), "initialise");
  if (batch == 0) batch = plan.samples;
  for (std::size_t n = 0; n < plan.samples; n += batch) {
    const std::size_t count = std::min(batch, plan.samples - n);
    expect_done(kernels.accumulate(accumulation(all(), n, count)), "accumulate");
  }
}

}  // namespace woodfisher::test
