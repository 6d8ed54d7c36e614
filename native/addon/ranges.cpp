#include "ranges.h"

#include <string>

#include "woodfisher/packed_triangle.h"

namespace woodfisher::addon {

namespace {

Solver read_solver(const Fields& fields) {
  const std::string name = fields.text("solver");
  if (name == "gram") return Solver::kGram;
  if (name == "woodbury") return Solver::kWoodbury;
  if (name == "dual") return Solver::kDual;
  throw fields.wrong("solver", "gram, woodbury or dual");
}

// dual: each block has room for `samples` rows of the longest block.
void read_rows(const Fields& fields, StateRange& range) {
  const std::size_t samples = fields.count("samples");
  range.states = nullptr;
  range.widest = fields.count("blockOrder");
  for (std::size_t b = range.from; b < range.to; ++b) {
    if (range.order(b) > range.widest) {
      throw fields.wrong("blockOrder", "at least the order of each block");
    }
  }
  const std::size_t rows = (range.to - range.first_block) * samples;
  range.rows = fields.floats("rows", rows * range.widest).data;
}

}  // namespace

Control read_control(const Fields& fields) {
  return Control(fields.words("control", 2).data);
}

void read_blocks(const Fields& fields, BlockRange& range) {
  range.from = fields.count("from");
  range.to = fields.count("to");
  if (range.from > range.to) throw fields.wrong("from", "at most `to`");
  range.starts = fields.indices("starts", range.to + 1).data;
  range.control = read_control(fields);
  for (std::size_t b = range.from; b < range.to; ++b) {
    if (range.starts[b] >= range.starts[b + 1]) throw fields.wrong("starts", "ascending");
  }
}

void read_state(const Fields& fields, StateRange& range) {
  read_blocks(fields, range);
  range.solver = read_solver(fields);
  range.first_block = fields.count("firstBlock");
  range.stride = fields.count("stride");
  range.samples = fields.number("samples");
  range.damping = fields.number("damping");
  if (range.first_block > range.from) throw fields.wrong("firstBlock", "at most `from`");
  if (range.solver == Solver::kDual) {
    read_rows(fields, range);
    return;
  }
  for (std::size_t b = range.from; b < range.to; ++b) {
    if (packed_size(range.order(b)) > range.stride) {
      throw fields.wrong("stride", "enough for the triangle of each block");
    }
  }
  range.states = fields.doubles("states", (range.to - range.first_block) * range.stride).data;
}

double read_step(const Fields& fields) {
  if (!fields.has("step")) return 0;
  const double step = fields.number("step");
  if (!(step >= 0 && step <= 1)) throw fields.wrong("step", "a number from 0 to 1");
  return step;
}

FirstOrder read_first_order(const Fields& fields, std::size_t end) {
  const double step = read_step(fields);
  if (step == 0) return {};
  return {step, fields.doubles("inverseGradient", end).data};
}

AxisOrder read_axis_order(const Fields& fields, const BlockRange& range) {
  const Fields order = fields.inside("order");
  AxisOrder axes{order.count("outputs"), order.count("before"), order.count("after")};
  const std::size_t size = axes.outputs * axes.before * axes.after;
  const std::size_t end = end_of(range);
  if (size == 0 || size < end) {
    throw fields.wrong("order", "a factorisation of the parameter's size");
  }
  if (!order.has("places")) return axes;
  axes.places = order.indices("places", end).data;
  for (std::size_t c = range.starts[range.from]; c < end; ++c) {
    const bool ascends = c == range.starts[range.from] || axes.places[c - 1] < axes.places[c];
    if (!ascends || axes.places[c] >= size) {
      throw fields.wrong("order", "such that `places` ascend and are within the parameter");
    }
  }
  return axes;
}

}  // namespace woodfisher::addon
