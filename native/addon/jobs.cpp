#include "jobs.h"

#include <string>

#include "woodfisher/packed_triangle.h"

namespace woodfisher::addon {

namespace {

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

// One past the last weight that the range's blocks hold: what arrays by weight must cover.
std::size_t end_of(const BlockRange& range) {
  return range.starts[range.to];
}

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

AxisOrder read_axis_order(const Fields& fields, std::size_t size) {
  const Fields order = fields.inside("order");
  const AxisOrder axes{order.count("outputs"), order.count("before"), order.count("after")};
  if (axes.outputs == 0 || axes.before == 0 || axes.after == 0 ||
      axes.outputs * axes.before * axes.after < size) {
    throw fields.wrong("order", "a factorisation of the parameter's size");
  }
  return axes;
}

}  // namespace

StateRange read_state_range(const Fields& fields) {
  StateRange job;
  read_state(fields, job);
  return job;
}

AccumulateJob read_accumulate(const Fields& fields) {
  AccumulateJob job;
  read_state(fields, job);
  job.count = fields.count("count");
  const auto starts = fields.indices("starts", 1);
  job.size = starts.data[starts.length - 1];
  if (end_of(job) > job.size) throw fields.wrong("starts", "ascending up to the parameter's size");
  job.order_of_axes = read_axis_order(fields, job.size);
  if (job.order_of_axes.outputs * job.order_of_axes.before * job.order_of_axes.after != job.size) {
    throw fields.wrong("order", "a factorisation of the parameter's size");
  }
  const AxisOrder& axes = job.order_of_axes;
  if (fields.has("inputs")) {
    job.gradients = nullptr;
    job.inputs = fields.floats("inputs", job.count * axes.before * axes.after).data;
    job.deltas = fields.floats("deltas", job.count * axes.outputs).data;
  } else {
    job.gradients = fields.floats("gradients", job.count * job.size).data;
  }
  job.mask = fields.bytes("mask", end_of(job)).data;
  job.gradient_sum = fields.doubles("gradientSum", end_of(job)).data;
  job.square_sum = fields.doubles("squareSum", end_of(job)).data;
  const auto low = fields.doubles("lowOrder", 0);
  if (low.length != 0) {
    fields.doubles("lowOrder", (job.to - job.first_block) * job.stride);
  }
  job.low_order = low.length == 0 ? nullptr : low.data;
  if (job.solver == Solver::kDual) {
    job.stored = fields.count("stored");
    if (job.stored + job.count > job.sample_count()) {
      throw fields.wrong("stored", "such that the batch still fits into `samples`");
    }
  }
  job.row_from = fields.count("rowFrom");
  job.row_to = fields.count("rowTo");
  if (job.row_to != 0 &&
      (job.to != job.from + 1 || job.row_from >= job.row_to || job.row_to > job.order(job.from))) {
    throw fields.wrong("rowTo", "within the one block of the job");
  }
  return job;
}

InvertJob read_invert(const Fields& fields) {
  InvertJob job;
  read_state(fields, job);
  job.square_sum = fields.doubles("squareSum", end_of(job)).data;
  job.diagonal = fields.doubles("diagonal", end_of(job)).data;
  job.condition = fields.doubles("condition", job.to).data;
  return job;
}

MultiplyJob read_multiply(const Fields& fields) {
  MultiplyJob job;
  read_state(fields, job);
  job.input = fields.doubles("input", end_of(job)).data;
  job.output = fields.doubles("output", end_of(job)).data;
  return job;
}

UpdateJob read_update(const Fields& fields) {
  UpdateJob job;
  read_state(fields, job);
  const std::string rule = fields.text("rule");
  if (rule == "none") {
    job.rule = UpdateRule::kNone;
  } else if (rule == "independent") {
    job.rule = UpdateRule::kIndependent;
  } else if (rule == "joint") {
    job.rule = UpdateRule::kJoint;
  } else {
    throw fields.wrong("rule", "none, independent or joint");
  }
  job.weights = fields.floats("weights", end_of(job)).data;
  job.mask_before = fields.bytes("maskBefore", end_of(job)).data;
  job.mask_after = fields.bytes("maskAfter", end_of(job)).data;
  job.gradient_sum = fields.doubles("gradientSum", end_of(job)).data;
  job.losses = fields.doubles("losses", 2 * job.to).data;
  return job;
}

GroupSaliencyJob read_group_saliency(const Fields& fields) {
  GroupSaliencyJob job;
  read_state(fields, job);
  job.weights = fields.floats("weights", end_of(job)).data;
  job.group_from = fields.count("groupFrom");
  job.group_to = fields.count("groupTo");
  job.offsets = fields.indices("offsets", job.group_to + 1).data;
  job.saliencies = fields.doubles("saliencies", job.group_to).data;
  const auto indices = fields.indices("indices", job.offsets[job.group_to]);
  job.indices = indices.data;
  std::size_t block = job.from;
  for (std::size_t g = job.group_from; g < job.group_to; ++g) {
    if (job.offsets[g] > job.offsets[g + 1] || job.offsets[g + 1] > indices.length) {
      throw fields.wrong("offsets", "ascending and within `indices`");
    }
    for (std::size_t i = job.offsets[g]; i < job.offsets[g + 1]; ++i) {
      while (block < job.to && job.indices[i] >= job.starts[block + 1]) ++block;
      if (block == job.to || job.indices[i] < job.begin(block) ||
          job.indices[job.offsets[g]] < job.begin(block)) {
        throw fields.wrong("indices", "sorted by block, each group within one block of the range");
      }
    }
  }
  return job;
}

ScoreJob read_score(const Fields& fields) {
  ScoreJob job;
  read_blocks(fields, job);
  const std::string criterion = fields.text("criterion");
  const std::size_t end = end_of(job);
  if (criterion == "woodfisher") {
    job.criterion = Criterion::kWoodFisher;
  } else if (criterion == "diagonal-fisher") {
    job.criterion = Criterion::kDiagonalFisher;
  } else if (criterion == "magnitude") {
    job.criterion = Criterion::kMagnitude;
  } else {
    throw fields.wrong("criterion", "woodfisher, diagonal-fisher or magnitude");
  }
  job.weights = fields.floats("weights", end).data;
  job.diagonal = fields.doubles("diagonal", job.criterion == Criterion::kWoodFisher ? end : 0).data;
  job.square_sum =
      fields.doubles("squareSum", job.criterion == Criterion::kDiagonalFisher ? end : 0).data;
  job.samples = fields.number("samples");
  job.damping = fields.number("damping");
  job.scores = fields.doubles("scores", end).data;
  return job;
}

CountKeysJob read_count_keys(const Fields& fields) {
  CountKeysJob job;
  read_blocks(fields, job);
  job.scores = fields.doubles("scores", end_of(job)).data;
  job.mask = fields.bytes("mask", end_of(job)).data;
  job.level = static_cast<unsigned>(fields.count("level"));
  if (job.level > 3) throw fields.wrong("level", "0, 1, 2 or 3");
  const auto prefixes = fields.doubles("prefixes", 1);
  job.prefixes = prefixes.data;
  job.prefix_count = prefixes.length;
  job.counts = fields.doubles("counts", prefixes.length * 65536).data;
  return job;
}

CountTiesJob read_count_ties(const Fields& fields) {
  CountTiesJob job;
  read_blocks(fields, job);
  job.scores = fields.doubles("scores", end_of(job)).data;
  job.mask = fields.bytes("mask", end_of(job)).data;
  job.order_of_axes = read_axis_order(fields, end_of(job));
  job.score = fields.number("score");
  job.level = static_cast<unsigned>(fields.count("level"));
  job.prefix = static_cast<std::uint32_t>(fields.count("prefix"));
  job.counts = fields.doubles("counts", 65536).data;
  return job;
}

CutJob read_cut(const Fields& fields) {
  CutJob job;
  read_blocks(fields, job);
  job.scores = fields.doubles("scores", end_of(job)).data;
  job.mask = fields.bytes("mask", end_of(job)).data;
  job.mask_after = fields.bytes("maskAfter", end_of(job)).data;
  job.order_of_axes = read_axis_order(fields, end_of(job));
  job.score = fields.number("score");
  job.last_tie = fields.number("lastTie");
  return job;
}

FindNonFiniteJob read_find_non_finite(const Fields& fields) {
  FindNonFiniteJob job;
  job.begin = fields.count("begin");
  job.end = fields.count("end");
  if (job.begin > job.end) throw fields.wrong("begin", "at most `end`");
  job.values = fields.floats("values", job.end).data;
  job.control = read_control(fields);
  return job;
}

}  // namespace woodfisher::addon
