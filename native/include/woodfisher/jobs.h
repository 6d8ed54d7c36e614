// The arguments of the kernels. src/engine/kernels.ts is the contract: the same names, the same
// meaning, one field for one. Pointers are to shared memory that outlives the call; the addon has
// checked that every array is as long as the ranges demand.
#pragma once

#include <cstddef>
#include <cstdint>

#include "woodfisher/control.h"

namespace woodfisher {

enum class Solver { kGram, kWoodbury, kDual };
enum class UpdateRule { kNone, kIndependent, kJoint };
enum class Criterion { kWoodFisher, kDiagonalFisher, kMagnitude, kRandom };

// Blocks [from, to) of one parameter; block b holds the weights [starts[b], starts[b + 1]).
struct BlockRange {
  const std::uint32_t* starts;
  std::size_t from;
  std::size_t to;
  Control control{nullptr};

  std::size_t begin(std::size_t block) const { return starts[block]; }
  std::size_t order(std::size_t block) const { return starts[block + 1] - starts[block]; }
};

struct StateRange : BlockRange {
  Solver solver;
  double* states;  // packed triangles, `stride` float64 each, the first one that of `first_block`
  std::size_t first_block;
  std::size_t stride;
  double samples;  // N, or N over a factor: F = lambda I + S / samples
  double damping;  // lambda
  // dual alone: the samples of each block as rows [N, order], N * widest float32 each, where
  // `widest` is the order of the parameter's longest block.
  float* rows = nullptr;
  std::size_t widest = 0;

  double* state(std::size_t block) const { return states + (block - first_block) * stride; }
  std::size_t sample_count() const { return static_cast<std::size_t>(samples); }
  float* rows_of(std::size_t block) const {
    return rows + (block - first_block) * sample_count() * widest;
  }
};

// The model's tensor seen as [before, outputs, after]; block order is [outputs, before, after].
// Where blocks are cut from some of its weights, weight c is the one at places[c] of the block
// order of all of them; ascending.
struct AxisOrder {
  std::size_t outputs;
  std::size_t before;
  std::size_t after;
  const std::uint32_t* places = nullptr;

  bool identity() const { return before == 1 && places == nullptr; }
  std::size_t inner() const { return before * after; }

  // The model's index of weight c in block order.
  std::size_t model_index(std::size_t c) const {
    const std::size_t place = places == nullptr ? c : places[c];
    if (before == 1) return place;
    return model_index(place / inner(), place % inner());
  }

  // The same of weight `rest` of an output, in block order of all weights.
  std::size_t model_index(std::size_t output, std::size_t rest) const {
    if (after == 1) return rest * outputs + output;
    return ((rest / after) * outputs + output) * after + rest % after;
  }
};

struct AccumulateJob : StateRange {
  const float* gradients;  // [count, size], the model's layout; or null, and the factors instead:
  std::size_t count;
  std::size_t size;  // of the model's tensor
  AxisOrder order_of_axes;
  const std::uint8_t* mask;
  double* gradient_sum;
  double* square_sum;
  double* low_order;  // null: plain sums
  std::size_t row_from;
  std::size_t row_to;             // 0: all rows
  std::size_t stored = 0;         // dual: samples that were added before
  const float* inputs = nullptr;  // [count, before * after]
  const float* deltas = nullptr;  // [count, outputs]
};

struct CentreJob : StateRange {
  const double* gradient_sum;
  double count;  // N
  double sign;
};

struct InvertJob : StateRange {
  const double* square_sum;
  double* diagonal;
  double* condition;
  double* residual = nullptr;  // null: not wanted
};

struct InvertWholeJob : StateRange {
  double* inverses;  // in the layout of `states`
};

struct KroneckerJob : StateRange {
  std::size_t inner;
  const double* inner_inverse;  // packed, inner x inner
  const double* outer_inverse;
  const std::uint8_t* mask;
};

struct MultiplyJob : StateRange {
  const double* input;
  double* output;
};

// alpha h, h = F^-1 times the mean gradient; alpha = 0 leaves the gradient out.
struct FirstOrder {
  double step = 0;                           // alpha
  const double* inverse_gradient = nullptr;  // h by weight, null where alpha = 0

  double shift(std::size_t c) const { return step == 0 ? 0 : step * inverse_gradient[c]; }
};

struct UpdateJob : StateRange {
  UpdateRule rule;
  float* weights;
  const std::uint8_t* mask_before;
  const std::uint8_t* mask_after;
  const double* gradient_sum;
  double* losses;
  FirstOrder first_order = {};
  double* bare_losses = nullptr;  // of rule none; null: not wanted
};

struct GroupSaliencyJob : StateRange {
  const float* weights;
  const std::uint32_t* indices;
  const std::uint32_t* offsets;
  std::size_t group_from;
  std::size_t group_to;
  double* saliencies;
  FirstOrder first_order = {};
};

struct GreedyJob : StateRange {
  const float* weights;
  const std::uint8_t* mask;
  AxisOrder order_of_axes;
  const double* gradient_sum;
  double step;  // alpha
  double* keys;
  double* marginal_losses;  // null: not wanted
};

// Groups of `size` weights along an axis, in block order. A run is length * step weights; its group
// (t, l) holds the weights (t * size + i) * step + l, i < size. No group lies in two blocks.
struct GroupGrid {
  std::size_t size;
  std::size_t length;
  std::size_t step;

  std::size_t run() const { return length * step; }
  std::size_t tile() const { return size * step; }
  std::size_t tiles() const { return length / size; }  // of a run; what is beyond is in no group
  // Groups that begin before weight c, where no group is cut.
  std::size_t groups_before(std::size_t c) const {
    const std::size_t at = c % run() / tile();
    return (c / run() * tiles() + (at < tiles() ? at : tiles())) * step;
  }
};

inline constexpr std::size_t kLargestChoice = 16;  // weights of a group of which subsets are tried

struct ChooseSubsetsJob : StateRange {
  GroupGrid grid;
  std::size_t keep;
  const float* weights;
  const std::uint8_t* mask;
  std::uint8_t* mask_after;
  double* costs;
  FirstOrder first_order = {};
};

struct ChooseSmallestJob : BlockRange {
  GroupGrid grid;
  std::size_t keep;
  const double* scores;
  const std::uint8_t* mask;
  std::uint8_t* mask_after;
  double* costs;
};

struct ScoreJob : BlockRange {
  Criterion criterion;
  const float* weights;
  const double* diagonal;
  const double* square_sum;
  double samples;
  double damping;
  double* scores;
  FirstOrder first_order = {};
  AxisOrder order_of_axes = {1, 1, 1};  // random alone, as the seed and the stream
  std::uint32_t seed = 0;
  std::uint32_t stream = 0;
};

// What a unit (a weight, or a group of them) counts: amounts[c] * factor, or factor without
// amounts.
struct Amounts {
  const double* each = nullptr;
  double factor = 1;

  double of(std::size_t c) const { return each == nullptr ? factor : each[c] * factor; }
};

struct CountKeysJob : BlockRange {
  const double* scores;
  const std::uint8_t* mask;
  unsigned level;
  const double* prefixes;
  std::size_t prefix_count;
  double* counts;
  Amounts amounts = {};
};

struct CountTiesJob : BlockRange {
  const double* scores;
  const std::uint8_t* mask;
  AxisOrder order_of_axes;
  double score;
  unsigned level;
  std::uint32_t prefix;
  double* counts;
  Amounts amounts = {};
};

struct CutJob : BlockRange {
  const double* scores;
  const std::uint8_t* mask;
  std::uint8_t* mask_after;
  AxisOrder order_of_axes;
  double score;
  double last_tie;
  Amounts amounts = {};
};

struct SumScoresJob : BlockRange {
  const double* scores;
  const double* values;
  const std::uint8_t* mask;
  const double* thresholds;
  std::size_t threshold_count;
  double* sums;
};

struct FindNonFiniteJob {
  const float* values;
  std::size_t begin;
  std::size_t end;
  Control control{nullptr};
};

}  // namespace woodfisher
