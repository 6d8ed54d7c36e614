// A parameter under test: its blocks, samples, masks and weights, every array that a kernel writes
// for it (guarded), and the jobs over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "guarded.h"
#include "random.h"
#include "woodfisher/kernels.h"

namespace woodfisher::test {

struct Plan {
  std::vector<std::size_t> orders;  // of the blocks
  std::size_t samples = 1;
  Solver solver = Solver::kGram;
  double damping = 1e-3;
  AxisOrder axes = {1, 1, 0};    // after = 0: the two layouts agree
  double pruned = 0;             // fraction of the weights that are gone before
  bool whole_gradients = false;  // small integers, whose sums are exact
  bool low_order = false;
  std::size_t first_block = 0;  // blocks before it have no state
  std::uint64_t seed = 1;
};

struct Parameter {
  explicit Parameter(const Plan& plan);

  std::size_t blocks() const { return starts.size() - 1; }
  std::size_t size() const { return starts.back(); }
  std::size_t begin(std::size_t block) const { return starts[block]; }
  std::size_t order(std::size_t block) const { return starts[block + 1] - starts[block]; }

  // Value of weight c (block order) in sample n, the mask not yet applied.
  float gradient(std::size_t n, std::size_t c) const { return gradients[n * size() + model[c]]; }
  // A block's state in the chunk of states, `stride` long.
  std::size_t state_begin(std::size_t block) const { return (block - plan.first_block) * stride; }
  double* state(std::size_t block) { return states.data() + state_begin(block); }

  StateRange range(std::size_t from, std::size_t to);
  StateRange all() { return range(plan.first_block, blocks()); }
  // Samples [first, first + count).
  AccumulateJob accumulation(const StateRange& range, std::size_t first, std::size_t count);
  InvertJob inversion(const StateRange& range);
  MultiplyJob multiplication(const StateRange& range);
  UpdateJob pruning(const StateRange& range, UpdateRule rule);
  GreedyJob tracing(const StateRange& range, double step = 0);
  // The step of first order with h = F^-1 times the mean gradient by the kernels.
  FirstOrder first_order(const Kernels& kernels, double step);

  // Initialises the state and adds all samples, in batches of `batch` (0: in one).
  void estimate(const Kernels& kernels, std::size_t batch = 0);

  Plan plan;
  std::size_t stride;  // some float64 more than the widest triangle
  std::vector<std::uint32_t> starts;
  std::vector<std::uint32_t> model;  // index in the model's layout by index in block order
  std::vector<float> gradients;
  std::vector<std::uint8_t> mask;
  std::vector<double> input;
  std::vector<std::uint8_t> mask_after;  // prunes half of what is there
  std::int32_t control[2] = {0, 0};
  Guarded<double> states;
  Guarded<double> low_order;
  Guarded<float> rows;  // dual, in place of `states`
  Guarded<double> gradient_sum;
  Guarded<double> square_sum;
  Guarded<double> diagonal;
  Guarded<double> condition;
  Guarded<double> output;
  Guarded<float> weights;
  Guarded<double> losses;
  Guarded<double> keys;
  Guarded<double> marginal_losses;
  Guarded<double> inverse_gradient;
};

}  // namespace woodfisher::test
