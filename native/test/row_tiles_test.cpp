// gram, one large block cut into tiles of rows: what workers share a block by.
#include <algorithm>

#include "support/parameter.h"
#include "woodfisher/packed_triangle.h"

namespace woodfisher::test {

namespace {

Plan plan_of(std::size_t order, bool low_order) {
  return {.orders = {3, order, 5}, .samples = 150, .pruned = 0.1, .low_order = low_order};
}

AccumulateJob rows_of(Parameter& parameter, std::size_t from, std::size_t to) {
  const std::size_t samples = parameter.plan.samples;
  AccumulateJob job = parameter.accumulation(parameter.range(1, 2), 0, samples);
  job.row_from = from;
  job.row_to = to;
  return job;
}

void initialise(const Kernels& kernels, Parameter& parameter) {
  expect_done(kernels.initialise(parameter.range(1, 2)), "initialise");
}

// Adds all samples to block 1 in tiles that begin and end at the given rows.
void add_in_tiles(const Kernels& kernels, Parameter& parameter,
                  const std::vector<std::size_t>& cuts) {
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    expect_done(kernels.accumulate(rows_of(parameter, cuts[i], cuts[i + 1])), "accumulate");
  }
}

void expect_same(const Parameter& a, const Parameter& b, const std::string& what) {
  expect_same_bits(a.states, b.states, what + ", states");
  expect_same_bits(a.low_order, b.low_order, what + ", low order");
  expect_same_bits(a.gradient_sum, b.gradient_sum, what + ", gradient sums");
  expect_same_bits(a.square_sum, b.square_sum, what + ", square sums");
}

std::vector<std::size_t> random_cuts(Random& random, std::size_t order) {
  std::vector<std::size_t> cuts = {0, order};
  for (int i = 0; i < 5; ++i) cuts.push_back(random.below(order));
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("tiles give the bits of the whole block, wherever they are cut", [&] {
    Random random(3);
    for (std::size_t order : {40, 257, 1100}) {
      for (bool low_order : {false, true}) {
        Parameter whole(plan_of(order, low_order));
        initialise(kernels, whole);
        Parameter tiled = whole;
        add_in_tiles(kernels, whole, {0, order});
        Parameter plain = tiled;
        AccumulateJob job = rows_of(plain, 0, 0);
        expect_done(kernels.accumulate(job), "accumulate");
        expect_same(plain, whole, "all rows by rowTo = 0");
        for (int repeat = 0; repeat < 4; ++repeat) {
          Parameter copy = tiled;
          add_in_tiles(kernels, copy, random_cuts(random, order));
          expect_same(copy, whole, text("order ", order, ", low order ", low_order));
        }
      }
    }
  });

  specify("a tile of one row is right at every row", [&] {
    Parameter whole(plan_of(40, false));
    initialise(kernels, whole);
    Parameter tiled = whole;
    add_in_tiles(kernels, whole, {0, 40});
    for (std::size_t row = 0; row < 40; ++row) add_in_tiles(kernels, tiled, {row, row + 1});
    expect_same(tiled, whole, "rows one by one");
  });

  specify("a tile writes its rows alone", [&] {
    Random random(4);
    for (int repeat = 0; repeat < 20; ++repeat) {
      Parameter parameter(plan_of(100, true));
      initialise(kernels, parameter);
      const Parameter before = parameter;
      const std::size_t from = random.below(100);
      const std::size_t to = random.from_to(from + 1, 100);
      add_in_tiles(kernels, parameter, {from, to});
      const std::size_t block = parameter.state_begin(1);
      const std::size_t first = block + packed_row(from);
      const std::size_t last = block + packed_row(to);
      const std::size_t begin = parameter.begin(1);
      const std::string what = text("rows ", from, " to ", to);
      expect_unchanged_outside(parameter.states, before.states, first, last, what);
      expect_unchanged_outside(parameter.low_order, before.low_order, first, last, what);
      expect_unchanged_outside(parameter.gradient_sum, before.gradient_sum, begin + from,
                               begin + to, what);
      expect_unchanged_outside(parameter.square_sum, before.square_sum, begin + from, begin + to,
                               what);
    }
  });
}

}  // namespace woodfisher::test
