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

// A parameter of which blocks hold some weights, and one that has these alone.
class Some {
 public:
  Some(const AxisOrder& axes, double share, Solver solver, bool factored, Random& random)
      : axes_(axes), whole_(whole_plan(axes)), factored_(factored) {
    for (std::size_t c = 0; c < whole_.size(); ++c) {
      if (random.chance(share)) places_.push_back(static_cast<std::uint32_t>(c));
    }
    if (places_.empty()) places_.push_back(static_cast<std::uint32_t>(whole_.size() - 1));
    places_.shrink_to_fit();
    axes_.places = places_.data();
    plan_ = {.orders = cut(places_.size(), 13),
             .samples = solver == Solver::kDual ? 9u : whole_.plan.samples,
             .solver = solver};
    // Products of whole numbers this small are exact in float32.
    inputs_ = whole_numbers(plan_.samples * axes.inner(), random);
    deltas_ = whole_numbers(plan_.samples * axes.outputs, random);
  }

  void expect_same(const Kernels& kernels, const std::string& what) const {
    Parameter alone(plan_);
    Parameter picked(plan_);
    for (std::size_t n = 0; n < plan_.samples; ++n) {
      for (std::size_t c = 0; c < places_.size(); ++c) {
        alone.gradients[n * places_.size() + c] = gradient(n, places_[c]);
      }
    }
    alone.estimate(kernels, 6);
    expect_done(kernels.initialise(picked.all()), "initialise");
    for (std::size_t n = 0; n < plan_.samples; n += 6) {
      const std::size_t count = std::min<std::size_t>(6, plan_.samples - n);
      AccumulateJob job = picked.accumulation(picked.all(), n, count);
      job.order_of_axes = axes_;
      job.size = whole_.size();
      job.gradients = factored_ ? nullptr : whole_.gradients.data() + n * whole_.size();
      if (factored_) {
        job.inputs = inputs_.data() + n * axes_.inner();
        job.deltas = deltas_.data() + n * axes_.outputs;
      }
      expect_done(kernels.accumulate(job), "accumulate");
    }
    expect_same_bits(picked.states, alone.states, what + ": states");
    expect_same_bits(picked.rows, alone.rows, what + ": rows");
    expect_same_bits(picked.gradient_sum, alone.gradient_sum, what + ": sums");
    expect_same_bits(picked.square_sum, alone.square_sum, what + ": squares");
    for (std::size_t c = 0; c < places_.size(); ++c) {
      expect_equal<std::size_t>(axes_.model_index(c), whole_.model[places_[c]], what);
    }
  }

 private:
  static Plan whole_plan(const AxisOrder& axes) {
    return {.orders = cut(axes.outputs * axes.inner(), 64), .samples = 21, .axes = axes};
  }

  static std::vector<float> whole_numbers(std::size_t count, Random& random) {
    std::vector<float> numbers;
    for (std::size_t i = 0; i < count; ++i) {
      numbers.push_back(static_cast<float>(random.whole(-99, 99)));
    }
    numbers.shrink_to_fit();
    return numbers;
  }

  float gradient(std::size_t n, std::size_t place) const {
    if (!factored_) return whole_.gradient(n, place);
    const std::size_t inner = axes_.inner();
    return deltas_[n * axes_.outputs + place / inner] * inputs_[n * inner + place % inner];
  }

  AxisOrder axes_;
  Parameter whole_;
  bool factored_;
  std::vector<std::uint32_t> places_;
  std::vector<float> inputs_;
  std::vector<float> deltas_;
  Plan plan_;
};

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

  specify("blocks of some weights are those of a parameter that has no others, to the bit", [&] {
    Random random(7);
    for (const AxisOrder& axes : kShapes) {
      for (double share : {0.05, 0.5, 1.0}) {
        for (Solver solver : {Solver::kGram, Solver::kWoodbury, Solver::kDual}) {
          for (bool factored : {false, true}) {
            const Some some(axes, share, solver, factored, random);
            some.expect_same(kernels, text("[", axes.before, ", ", axes.outputs, ", ", axes.after,
                                           "], ", share, factored ? ", factored" : ""));
          }
        }
      }
    }
  });
}

}  // namespace woodfisher::test
