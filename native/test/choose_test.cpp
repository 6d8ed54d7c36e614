// N:M sparsity: the choice within each group, against all choices that there are.
#include <bit>
#include <cmath>

#include "support/oracle.h"

namespace woodfisher::test {

namespace {

constexpr GroupGrid kPlain = {.size = 4, .length = 8, .step = 1};
constexpr GroupGrid kRest = {.size = 3, .length = 8, .step = 2};

struct Choice {
  Choice(const Plan& plan, const GroupGrid& groups)
      : parameter(plan),
        grid(groups),
        mask_after(parameter.size(), 9),
        costs(grid.groups_before(parameter.size()), -777) {}

  ChooseSubsetsJob subsets(std::size_t from, std::size_t to, std::size_t keep) {
    return {parameter.range(from, to),
            grid,
            keep,
            parameter.weights.data(),
            parameter.mask.data(),
            mask_after.data(),
            costs.data()};
  }

  std::vector<std::size_t> group(std::size_t run, std::size_t tile, std::size_t lane) const {
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < grid.size; ++i) {
      members.push_back(run * grid.run() + (tile * grid.size + i) * grid.step + lane);
    }
    return members;
  }

  Parameter parameter;
  GroupGrid grid;
  Guarded<std::uint8_t> mask_after;
  Guarded<double> costs;
};

Real cost_of(const Parameter& parameter, const Oracle& oracle, std::size_t block,
             const std::vector<std::size_t>& members) {
  std::vector<std::size_t> places;
  Vector w;
  for (std::size_t c : members) {
    places.push_back(c - parameter.starts[block]);
    w.push_back(parameter.weights[c]);
  }
  return dot(w, product(inverse(submatrix(oracle.inverse, places)), w)) / 2;
}

// The least cost of pruning `count` of the members.
Real least_cost(const Parameter& parameter, const Oracle& oracle, std::size_t block,
                const std::vector<std::size_t>& there, std::size_t count) {
  Real least = INFINITY;
  for (unsigned bits = 0; bits < 1u << there.size(); ++bits) {
    if (static_cast<std::size_t>(std::popcount(bits)) != count) continue;
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < there.size(); ++i) {
      if (bits >> i & 1) members.push_back(there[i]);
    }
    least = std::min(least, cost_of(parameter, oracle, block, members));
  }
  return least;
}

void expect_least(const Kernels& kernels, const Plan& plan, const GroupGrid& grid) {
  Choice choice(plan, grid);
  Parameter& parameter = choice.parameter;
  parameter.estimate(kernels);
  constexpr std::size_t kKeep = 1;
  const Status status = kernels.choose_subsets(choice.subsets(0, parameter.blocks(), kKeep));
  expect_done(status, "choose");
  expect(choice.mask_after.intact() && choice.costs.intact(), "guard bytes");
  double pruned = 0;
  for (std::size_t g = 0; g < choice.costs.size(); ++g) {
    const std::size_t tile = g / grid.step;
    const auto members = choice.group(tile / grid.tiles(), tile % grid.tiles(), g % grid.step);
    std::size_t block = 0;
    while (parameter.starts[block + 1] <= members[0]) ++block;
    std::vector<std::size_t> there;
    std::vector<std::size_t> gone;
    for (std::size_t c : members) {
      if (parameter.mask[c] != 0) there.push_back(c);
      if (parameter.mask[c] != 0 && choice.mask_after[c] == 0) gone.push_back(c);
    }
    const std::size_t count = there.size() > kKeep ? there.size() - kKeep : 0;
    expect_equal(gone.size(), count, text("weights of group ", g));
    pruned += static_cast<double>(count);
    if (count == 0) continue;
    const Oracle oracle(parameter, block);
    const Real least = least_cost(parameter, oracle, block, there, count);
    const Real allowed = tolerance(oracle.condition, parameter.order(block)) * least;
    expect_at_most(cost_of(parameter, oracle, block, gone) - least, allowed, "the choice");
    expect_at_most(std::fabs(choice.costs[g] - least), allowed, "its cost");
  }
  expect_equal(status.value, pruned, "weights that went");
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("the cheapest weights of each group go together, for every solver", [&] {
    for (Solver solver : {Solver::kGram, Solver::kWoodbury, Solver::kDual}) {
      for (double pruned : {0.0, 0.3}) {
        expect_least(kernels,
                     {.orders = {16, 24}, .samples = 9, .solver = solver, .pruned = pruned},
                     kPlain);
        expect_least(kernels,
                     {.orders = {12, 16, 20}, .samples = 7, .solver = solver, .pruned = pruned},
                     kRest);
      }
    }
  });

  specify("a range of blocks is written and nothing else", [&] {
    Choice choice({.orders = {16, 8, 16}, .samples = 20}, kPlain);
    choice.parameter.estimate(kernels);
    const Guarded<std::uint8_t> masks = choice.mask_after;
    const Guarded<double> costs = choice.costs;
    expect_done(kernels.choose_subsets(choice.subsets(1, 2, 2)), "choose");
    expect_unchanged_outside(choice.mask_after, masks, 16, 24, "masks");
    expect_unchanged_outside(choice.costs, costs, 4, 6, "costs");
  });

  specify("by scores the smallest go, ties by index", [&] {
    Choice choice({.orders = {8}}, kPlain);
    const double scores[] = {3, 1, 1, 2, 5, 5, 5, 5};
    const ChooseSmallestJob job = {choice.parameter.range(0, 1),
                                   kPlain,
                                   2,
                                   scores,
                                   choice.parameter.mask.data(),
                                   choice.mask_after.data(),
                                   choice.costs.data()};
    expect_equal(kernels.choose_smallest(job).value, 4.0, "weights that went");
    const std::uint8_t expected[] = {1, 0, 0, 1, 0, 0, 1, 1};
    for (std::size_t c = 0; c < 8; ++c) {
      expect_equal(int{choice.mask_after[c]}, int{expected[c]}, text("weight ", c));
    }
    expect_equal(choice.costs[0], 2.0, "cost of the first group");
    expect_equal(choice.costs[1], 10.0, "cost of the second group");
  });
}

}  // namespace woodfisher::test
