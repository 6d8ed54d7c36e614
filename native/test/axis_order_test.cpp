// Blocks are cut along the output axis, wherever the model's layout has it: accumulate gathers,
// selection breaks ties by the model's index.
#include "support/oracle.h"
#include "woodfisher/packed_triangle.h"

namespace woodfisher::test {

namespace {

// Blocks of at most `order` weights.
std::vector<std::size_t> cut(std::size_t size, std::size_t order) {
  std::vector<std::size_t> orders;
  for (; size > order; size -= order) orders.push_back(order);
  orders.push_back(size);
  return orders;
}

Plan plan_of(const AxisOrder& axes, std::size_t order, double pruned) {
  return {.orders = cut(axes.outputs * axes.before * axes.after, order),
          .samples = 21,
          .axes = axes,
          .pruned = pruned,
          .whole_gradients = true};
}

void expect_gathered(const Kernels& kernels, const Plan& plan, const std::string& what) {
  Parameter parameter(plan);
  parameter.estimate(kernels, 16);
  for (std::size_t block = 0; block < parameter.blocks(); ++block) {
    const Matrix gram = gram_of(parameter, block);
    for (std::size_t i = 0; i < gram.order(); ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        expect(parameter.state(block)[packed_row(i) + j] == gram.at(i, j),
               text(what, ": block ", block, ", S(", i, ", ", j, ")"));
      }
    }
  }
}

const AxisOrder kShapes[] = {
    {10, 30, 1},  // a dense kernel [inputs, outputs]
    {16, 27, 1},  // a convolution [height, width, inputs, outputs]
    {5, 4, 6},    // an axis in the middle
    {1, 7, 11},   // one output
    {13, 2, 1},  {3, 17, 9}, {1, 1, 50}, {60, 1, 3}, {2, 64, 8},
};

}  // namespace

void specifications(const Kernels& kernels) {
  specify("gathering follows the axes, with blocks that begin and end anywhere", [&] {
    for (const AxisOrder& axes : kShapes) {
      for (std::size_t order : {1, 7, 8, 30, 33, 1000}) {
        for (double pruned : {0.0, 0.4}) {
          expect_gathered(
              kernels, plan_of(axes, order, pruned),
              text("[", axes.before, ", ", axes.outputs, ", ", axes.after, "], blocks of ", order));
        }
      }
    }
  });

  specify("the index in the model's layout is that of the loops of the contract", [&] {
    for (const AxisOrder& axes : kShapes) {
      const Parameter parameter(plan_of(axes, 8, 0));
      for (std::size_t c = 0; c < parameter.size(); ++c) {
        expect_equal<std::size_t>(axes.model_index(c), parameter.model[c], text("weight ", c));
      }
    }
  });

  specify("one state by two layouts of the same gradients", [&] {
    const Plan plan = plan_of({12, 9, 5}, 31, 0.2);
    Parameter permuted(plan);
    Plan straight_plan = plan;
    straight_plan.axes = {12, 1, 45};
    Parameter straight(straight_plan);
    straight.mask = permuted.mask;
    for (std::size_t n = 0; n < plan.samples; ++n) {
      for (std::size_t c = 0; c < straight.size(); ++c) {
        straight.gradients[n * straight.size() + c] = permuted.gradient(n, c);
      }
    }
    for (Solver solver : {Solver::kGram, Solver::kWoodbury}) {
      permuted.plan.solver = straight.plan.solver = solver;
      permuted.estimate(kernels);
      straight.estimate(kernels);
      expect_same_bits(permuted.states, straight.states, "states");
    }
  });
}

}  // namespace woodfisher::test
