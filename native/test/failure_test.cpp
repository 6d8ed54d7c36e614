// A block that has no inverse, and a call that gets no memory: the status says which, where and how
// much, and what belongs to the failing block stays as it was.
#include <cmath>
#include <functional>
#include <limits>

#include "support/parameter.h"
#include "support/scratch_memory.h"
#include "woodfisher/packed_triangle.h"

namespace woodfisher::test {

namespace {

constexpr std::size_t kBad = 2;     // the block that fails
constexpr std::uint32_t kRow = 21;  // and the row at which it does
const std::vector<std::size_t> kOrders = {50, 9, 33, 50};

// The diagonal entry of one row makes the block indefinite: for gram because S_rr / N = -2 lambda,
// for woodbury because P_rr is negative.
Parameter broken(const Kernels& kernels, Solver solver, double value) {
  Parameter parameter({.orders = kOrders, .samples = 60, .solver = solver});
  parameter.estimate(kernels);
  double* state = parameter.state(kBad) + packed_row(kRow);
  for (std::size_t j = 0; j < kRow; ++j) state[j] = 0;
  state[kRow] = value;
  // Row 21 is pruned now and 20 stays, so that subsets of the rows are counted otherwise.
  const std::size_t begin = parameter.begin(kBad);
  for (std::size_t i = 0; i < kOrders[kBad]; ++i) parameter.mask_after[begin + i] = i % 2 == 0;
  return parameter;
}

Parameter broken(const Kernels& kernels, Solver solver) {
  return broken(kernels, solver, solver == Solver::kGram ? -120 * 1e-3 : -1);
}

void expect_failure(const Status& status, const std::string& what, std::int64_t row = kRow) {
  expect(status.outcome == Outcome::kNotPositiveDefinite,
         text(what, ": outcome ", static_cast<int>(status.outcome)));
  expect_equal<std::int64_t>(status.block, kBad, what + ": the block");
  expect_equal(status.pivot, row, what + ": the row");
}

// What belongs to the failing block and those after it is as before.
template <typename T>
void expect_untouched(const Guarded<T>& now, const Guarded<T>& before, std::size_t begin,
                      const std::string& what) {
  expect_unchanged_outside(now, before, 0, begin, what);
}

void expect_update_untouched(const Parameter& now, const Parameter& before,
                             const std::string& what) {
  expect_untouched(now.weights, before.weights, now.begin(kBad), what + ", weights");
  expect_untouched(now.losses, before.losses, 2 * kBad, what + ", losses");
  expect_same_bits(now.states, before.states, what + ", states");
}

constexpr Solver kSolvers[] = {Solver::kGram, Solver::kWoodbury};

}  // namespace

void specifications(const Kernels& kernels) {
  specify("invert names block and row, and leaves the block's results alone", [&] {
    for (Solver solver : kSolvers) {
      for (double value : {-1e9, std::nan(""), std::numeric_limits<double>::infinity()}) {
        Parameter parameter = broken(kernels, solver, value);
        const Parameter before = parameter;
        const std::string what = text("solver ", static_cast<int>(solver), ", ", value);
        expect_failure(kernels.invert(parameter.inversion(parameter.all())), what);
        expect_untouched(parameter.diagonal, before.diagonal, parameter.begin(kBad), what);
        expect_untouched(parameter.condition, before.condition, kBad, what);
        expect_same_bits(parameter.states, before.states, what);
        expect(parameter.condition[kBad - 1] != before.condition[kBad - 1], "the block before");
      }
    }
  });

  specify("multiply by gram does so too", [&] {
    Parameter parameter = broken(kernels, Solver::kGram);
    const Parameter before = parameter;
    expect_failure(kernels.multiply(parameter.multiplication(parameter.all())), "multiply");
    expect_untouched(parameter.output, before.output, parameter.begin(kBad), "multiply");
  });

  specify(
      "update names the row of the block, not of the pruned or the kept, and changes nothing", [&] {
        for (UpdateRule rule : {UpdateRule::kIndependent, UpdateRule::kJoint}) {
          Parameter pruned = broken(kernels, Solver::kWoodbury);
          const Parameter before = pruned;
          const Status status = kernels.update(pruned.pruning(pruned.all(), rule));
          expect_failure(status, text("woodbury, rule ", static_cast<int>(rule)));
          expect_update_untouched(pruned, before, text("woodbury, rule ", static_cast<int>(rule)));
        }
        Parameter kept = broken(kernels, Solver::kGram);
        const std::size_t begin = kept.begin(kBad);
        for (std::size_t i = 0; i < 33; ++i) kept.mask_after[begin + i] = i % 2 == 1;
        const Parameter before = kept;
        expect_failure(kernels.update(kept.pruning(kept.all(), UpdateRule::kJoint)), "gram, joint");
        expect_update_untouched(kept, before, "gram, joint");
        expect_failure(kernels.update(kept.pruning(kept.all(), UpdateRule::kIndependent)),
                       "gram, independent");
        expect_update_untouched(kept, before, "gram, independent");
      });

  specify("woodbury: a P that is only found out when the loss is predicted changes nothing", [&] {
    // Of the two rows that P is indefinite in, one is pruned and the other is not.
    Parameter parameter = broken(kernels, Solver::kWoodbury, 1);
    double* state = parameter.state(kBad);
    state[packed_row(kRow) + kRow - 1] = 2 * state[packed_row(kRow - 1) + kRow - 1] + 1e9;
    const Parameter before = parameter;
    const Status status = kernels.update(parameter.pruning(parameter.all(), UpdateRule::kNone));
    expect_failure(status, "none");
    expect_update_untouched(parameter, before, "none");
  });

  specify("greedy names the row of the block and keeps the keys that were there", [&] {
    for (Solver solver : kSolvers) {
      Parameter parameter = broken(kernels, solver);
      const Parameter before = parameter;
      expect_failure(kernels.greedy(parameter.tracing(parameter.all())), "greedy");
      expect_untouched(parameter.keys, before.keys, parameter.begin(kBad), "keys");
      expect_untouched(parameter.marginal_losses, before.marginal_losses, parameter.begin(kBad),
                       "losses");
    }
  });

  specify("group saliency names the row of the block, for pairs and for larger groups", [&] {
    for (Solver solver : kSolvers) {
      Parameter parameter = broken(kernels, solver);
      const std::uint32_t begin = parameter.starts[kBad];
      const std::vector<std::uint32_t> indices = {begin + 3, begin + kRow, begin + 4,
                                                  begin + 9, begin + kRow, begin + 30};
      const std::vector<std::uint32_t> offsets = {0, 2, 6};
      for (std::size_t group : {0, 1}) {
        Guarded<double> saliencies(2, -777);
        const Guarded<double> before = saliencies;
        const GroupSaliencyJob job = {
            parameter.all(), parameter.weights.data(), indices.data(), offsets.data(), group,
            group + 1,       saliencies.data()};
        expect_failure(kernels.group_saliency(job), text("group ", group));
        expect_same_bits(saliencies, before, "saliencies");
      }
    }
  });

  specify("a pair whose entries are both negative is not taken for a positive one", [&] {
    Parameter parameter = broken(kernels, Solver::kWoodbury);
    parameter.state(kBad)[packed_row(3) + 3] = -1;
    const std::uint32_t begin = parameter.starts[kBad];
    const std::uint32_t indices[] = {begin + 3, begin + kRow};
    const std::uint32_t offsets[] = {0, 2};
    double saliency = -777;
    const Status status = kernels.group_saliency(
        {parameter.all(), parameter.weights.data(), indices, offsets, 0, 1, &saliency});
    expect_failure(status, "pair", 3);
    expect_equal(saliency, -777.0, "the saliency");
  });

  specify("without memory the bytes that were missing are told, and nothing is touched", [&] {
    for (Solver solver : kSolvers) {
      Parameter parameter({.orders = kOrders, .samples = 60, .solver = solver});
      parameter.estimate(kernels);
      const Parameter before = parameter;
      const auto expect_refused = [](const Status& status, const std::string& what) {
        expect(status.outcome == Outcome::kOutOfMemory, what + ": outcome");
        expect(status.value >= 64, what + ": bytes");
      };
      const NoMemory none;
      expect_refused(kernels.accumulate(parameter.accumulation(parameter.all(), 0, 9)), "add");
      expect_refused(kernels.invert(parameter.inversion(parameter.all())), "invert");
      expect_refused(kernels.multiply(parameter.multiplication(parameter.all())), "multiply");
      expect_refused(kernels.update(parameter.pruning(parameter.all(), UpdateRule::kJoint)),
                     "update");
      expect_same_bits(parameter.states, before.states, "states");
      expect_same_bits(parameter.diagonal, before.diagonal, "diagonal");
      expect_same_bits(parameter.output, before.output, "output");
      expect_same_bits(parameter.weights, before.weights, "weights");
      expect_same_bits(parameter.gradient_sum, before.gradient_sum, "gradient sums");
    }
  });
}

}  // namespace woodfisher::test
