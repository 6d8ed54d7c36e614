// However a parameter's blocks are cut into ranges, the results have the same bits, and a range
// writes what belongs to its blocks and nothing else.
#include <functional>

#include "support/parameter.h"
#include "woodfisher/packed_triangle.h"

namespace woodfisher::test {

namespace {

const std::vector<std::size_t> kOrders = {50, 50, 7, 100, 1, 64, 300, 8, 8, 33, 2, 50, 513, 17};

// Of blocks that dual is for: more weights than samples.
const std::vector<std::size_t> kLargeOrders = {50, 50, 57, 100, 51, 64, 300, 80, 513, 65};

Plan plan_of(Solver solver, std::uint64_t seed) {
  const bool low_order = solver == Solver::kGram && seed % 2 == 0;
  return {.orders = solver == Solver::kDual ? kLargeOrders : kOrders,
          .samples = low_order ? 200u : 40u,  // two panels, or nothing is rounded
          .solver = solver,
          .pruned = 0.2,
          .low_order = low_order,
          .first_block = 1,
          .seed = seed};
}

using Step = std::function<Status(Parameter&, std::size_t from, std::size_t to)>;

struct Named {
  const char* name;
  Step step;
};

// Each kernel that takes a range of blocks, in the order in which they build on each other.
std::vector<Named> steps(const Kernels& kernels) {
  return {
      {"initialise", [&](Parameter& p, std::size_t from,
                         std::size_t to) { return kernels.initialise(p.range(from, to)); }},
      {"accumulate",
       [&](Parameter& p, std::size_t from, std::size_t to) {
         return kernels.accumulate(p.accumulation(p.range(from, to), 0, p.plan.samples));
       }},
      {"invert", [&](Parameter& p, std::size_t from,
                     std::size_t to) { return kernels.invert(p.inversion(p.range(from, to))); }},
      {"multiply",
       [&](Parameter& p, std::size_t from, std::size_t to) {
         return kernels.multiply(p.multiplication(p.range(from, to)));
       }},
      {"update none",
       [&](Parameter& p, std::size_t from, std::size_t to) {
         return kernels.update(p.pruning(p.range(from, to), UpdateRule::kNone));
       }},
      {"update independent",
       [&](Parameter& p, std::size_t from, std::size_t to) {
         return kernels.update(p.pruning(p.range(from, to), UpdateRule::kIndependent));
       }},
      {"update joint",
       [&](Parameter& p, std::size_t from, std::size_t to) {
         return kernels.update(p.pruning(p.range(from, to), UpdateRule::kJoint));
       }},
  };
}

void expect_same(const Parameter& a, const Parameter& b, const std::string& what) {
  expect_same_bits(a.states, b.states, what + ", states");
  expect_same_bits(a.low_order, b.low_order, what + ", low order");
  expect_same_bits(a.rows, b.rows, what + ", rows");
  expect_same_bits(a.gradient_sum, b.gradient_sum, what + ", gradient sums");
  expect_same_bits(a.square_sum, b.square_sum, what + ", square sums");
  expect_same_bits(a.diagonal, b.diagonal, what + ", diagonal");
  expect_same_bits(a.condition, b.condition, what + ", condition");
  expect_same_bits(a.output, b.output, what + ", product");
  expect_same_bits(a.weights, b.weights, what + ", weights");
  expect_same_bits(a.losses, b.losses, what + ", losses");
}

void expect_only_range(const Parameter& now, const Parameter& before, std::size_t from,
                       std::size_t to, const std::string& what) {
  const std::size_t begin = now.begin(from);
  const std::size_t end = now.begin(to);
  if (now.plan.solver == Solver::kDual) {
    const std::size_t rows = now.plan.samples * 513;  // of the widest block
    const std::size_t first_row = (from - now.plan.first_block) * rows;
    const std::size_t last_row = (to - now.plan.first_block) * rows;
    expect_unchanged_outside(now.rows, before.rows, first_row, last_row, what + ", rows");
  }
  const std::size_t first = now.state_begin(from);
  const std::size_t last = now.state_begin(to);
  expect_unchanged_outside(now.states, before.states, first, last, what + ", states");
  if (now.plan.low_order) {
    expect_unchanged_outside(now.low_order, before.low_order, first, last, what + ", low order");
  }
  expect_unchanged_outside(now.gradient_sum, before.gradient_sum, begin, end, what + ", sums");
  expect_unchanged_outside(now.square_sum, before.square_sum, begin, end, what + ", squares");
  expect_unchanged_outside(now.diagonal, before.diagonal, begin, end, what + ", diagonal");
  expect_unchanged_outside(now.condition, before.condition, from, to, what + ", condition");
  expect_unchanged_outside(now.output, before.output, begin, end, what + ", product");
  expect_unchanged_outside(now.weights, before.weights, begin, end, what + ", weights");
  expect_unchanged_outside(now.losses, before.losses, 2 * from, 2 * to, what + ", losses");
  for (std::size_t block = from; block < to; ++block) {
    const std::size_t slack = now.state_begin(block) + packed_size(now.order(block));
    const std::size_t next = now.state_begin(block + 1);
    expect(same_bits(now.states.span().subspan(slack, next - slack),
                     before.states.span().subspan(slack, next - slack)),
           what + ": written behind a triangle");
  }
}

// Ranges that cover all blocks with a state, one block each or cut at random.
std::vector<std::size_t> cuts(Random& random, bool single, const Parameter& parameter) {
  std::vector<std::size_t> at = {parameter.plan.first_block};
  while (at.back() < parameter.blocks()) {
    at.push_back(single ? at.back() + 1 : random.from_to(at.back() + 1, parameter.blocks()));
  }
  return at;
}

}  // namespace

void specifications(const Kernels& kernels) {
  for (const auto& [name, solver] :
       {std::pair{"gram", Solver::kGram}, std::pair{"woodbury", Solver::kWoodbury},
        std::pair{"dual", Solver::kDual}}) {
    specify(text(name, ": results don't depend on how blocks are cut into ranges"),
            [&, solver = solver] {
              Random random(8);
              for (int repeat = 0; repeat < 4; ++repeat) {
                Parameter whole(plan_of(solver, static_cast<std::uint64_t>(repeat)));
                Parameter cut = whole;
                for (const Named& one : steps(kernels)) {
                  expect_done(one.step(whole, 1, whole.blocks()), one.name);
                  const std::vector<std::size_t> at = cuts(random, repeat == 0, cut);
                  for (std::size_t i = at.size() - 1; i > 0; --i) {
                    expect_done(one.step(cut, at[i - 1], at[i]), one.name);
                  }
                  expect_same(cut, whole, one.name);
                }
              }
            });

    specify(text(name, ": a range writes nothing outside"), [&, solver = solver] {
      Random random(9);
      Parameter parameter(plan_of(solver, 6));
      for (const Named& one : steps(kernels)) {
        for (int repeat = 0; repeat < 3; ++repeat) {
          const Parameter before = parameter;
          const std::size_t from = random.from_to(1, parameter.blocks() - 2);
          const std::size_t to = random.from_to(from + 1, parameter.blocks() - 1);
          expect_done(one.step(parameter, from, to), one.name);
          expect_only_range(parameter, before, from, to, one.name);
          parameter = before;
        }
        expect_done(one.step(parameter, 1, parameter.blocks()), one.name);
      }
    });

    specify(text(name, ": an empty range does nothing"), [&, solver = solver] {
      Parameter parameter(plan_of(solver, 7));
      const Parameter before = parameter;
      for (const Named& one : steps(kernels)) expect_done(one.step(parameter, 3, 3), one.name);
      expect_same(parameter, before, "empty");
    });
  }
}

}  // namespace woodfisher::test
