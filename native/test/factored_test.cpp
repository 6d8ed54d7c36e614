// Samples given as the factors of outer products, inputs and deltas, instead of whole gradients.
#include <vector>

#include "support/parameter.h"

namespace woodfisher::test {

namespace {

constexpr std::size_t kSamples = 37;

// Factors that are small integers, so that both forms are exact, and the gradients they stand for.
struct Factored {
  explicit Factored(const Plan& plan) : parameter(plan) {
    const AxisOrder& axes = parameter.plan.axes;
    const std::size_t inner = axes.before * axes.after;
    Random random(plan.seed);
    for (std::size_t i = 0; i < kSamples * inner; ++i) {
      inputs.push_back(static_cast<float>(random.whole(-5, 5)));
    }
    for (std::size_t i = 0; i < kSamples * axes.outputs; ++i) {
      deltas.push_back(static_cast<float>(random.whole(-5, 5)));
    }
    for (std::size_t n = 0; n < kSamples; ++n) {
      for (std::size_t c = 0; c < parameter.size(); ++c) {
        parameter.gradients[n * parameter.size() + parameter.model[c]] =
            deltas[n * axes.outputs + c / inner] * inputs[n * inner + c % inner];
      }
    }
  }

  AccumulateJob job(std::size_t first, std::size_t count) {
    const AxisOrder& axes = parameter.plan.axes;
    AccumulateJob job = parameter.accumulation(parameter.all(), first, count);
    job.gradients = nullptr;
    job.inputs = inputs.data() + first * axes.before * axes.after;
    job.deltas = deltas.data() + first * axes.outputs;
    return job;
  }

  Parameter parameter;
  std::vector<float> inputs;
  std::vector<float> deltas;
};

void expect_same_state(const Kernels& kernels, const Plan& plan, const std::string& what) {
  Factored factored(plan);
  Parameter whole = factored.parameter;
  Parameter& parameter = factored.parameter;
  whole.estimate(kernels, 20);
  expect_done(kernels.initialise(parameter.all()), what);
  expect_done(kernels.accumulate(factored.job(0, 20)), what);
  AccumulateJob rest = factored.job(20, kSamples - 20);
  rest.stored = 20;
  expect_done(kernels.accumulate(rest), what);
  expect_same_bits(parameter.states, whole.states, what + ", states");
  expect_same_bits(parameter.rows, whole.rows, what + ", rows");
  expect_same_bits(parameter.gradient_sum, whole.gradient_sum, what + ", gradient sums");
  expect_same_bits(parameter.square_sum, whole.square_sum, what + ", square sums");
}

std::vector<std::size_t> cut(std::size_t size, std::size_t order) {
  std::vector<std::size_t> orders;
  for (; size > order; size -= order) orders.push_back(order);
  orders.push_back(size);
  return orders;
}

}  // namespace

void specifications(const Kernels& kernels) {
  for (const auto& [name, solver] :
       {std::pair{"gram", Solver::kGram}, std::pair{"woodbury", Solver::kWoodbury},
        std::pair{"dual", Solver::kDual}}) {
    specify(text(name, ": factors give the bits of the gradients they multiply to"),
            [&, solver = solver] {
              for (const AxisOrder& axes :
                   {AxisOrder{10, 30, 1}, AxisOrder{30, 1, 10}, AxisOrder{1, 50, 1},
                    AxisOrder{60, 1, 1}, AxisOrder{7, 11, 1}, AxisOrder{5, 4, 6}}) {
                for (std::size_t order : {1, 7, 8, 9, 30, 33, 1000}) {
                  const std::size_t size = axes.outputs * axes.before * axes.after;
                  expect_same_state(kernels,
                                    {.orders = cut(size, order),
                                     .samples = kSamples,
                                     .solver = solver,
                                     .axes = axes,
                                     .pruned = 0.2},
                                    text("outputs ", axes.outputs, ", before ", axes.before,
                                         ", after ", axes.after, ", blocks of ", order));
                }
              }
            });
  }
}

}  // namespace woodfisher::test
