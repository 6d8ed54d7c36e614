// Jobs on the Fisher state.
#include <string>

#include "jobs.h"
#include "ranges.h"
#include "woodfisher/packed_triangle.h"

namespace woodfisher::addon {

StateRange read_state_range(const Fields& fields) {
  StateRange job;
  read_state(fields, job);
  return job;
}

AccumulateJob read_accumulate(const Fields& fields) {
  AccumulateJob job;
  read_state(fields, job);
  job.count = fields.count("count");
  job.order_of_axes = read_axis_order(fields, job);
  const AxisOrder& axes = job.order_of_axes;
  job.size = axes.outputs * axes.inner();
  if (fields.has("inputs")) {
    job.gradients = nullptr;
    job.inputs = fields.floats("inputs", job.count * axes.inner()).data;
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

CentreJob read_centre(const Fields& fields) {
  CentreJob job;
  read_state(fields, job);
  if (job.solver != Solver::kGram) throw fields.wrong("solver", "gram");
  job.gradient_sum = fields.doubles("gradientSum", end_of(job)).data;
  job.count = fields.number("count");
  job.sign = fields.number("sign");
  return job;
}

InvertJob read_invert(const Fields& fields) {
  InvertJob job;
  read_state(fields, job);
  job.square_sum = fields.doubles("squareSum", end_of(job)).data;
  job.diagonal = fields.doubles("diagonal", end_of(job)).data;
  job.condition = fields.doubles("condition", job.to).data;
  if (fields.has("residual")) job.residual = fields.doubles("residual", job.to).data;
  return job;
}

InvertWholeJob read_invert_whole(const Fields& fields) {
  InvertWholeJob job;
  read_state(fields, job);
  if (job.solver != Solver::kGram) throw fields.wrong("solver", "gram");
  job.inverses = fields.doubles("inverses", (job.to - job.first_block) * job.stride).data;
  return job;
}

KroneckerJob read_kronecker(const Fields& fields) {
  KroneckerJob job;
  read_state(fields, job);
  if (job.solver != Solver::kWoodbury) throw fields.wrong("solver", "woodbury");
  const std::size_t end = end_of(job);
  job.inner = fields.count("inner");
  if (job.inner == 0) throw fields.wrong("inner", "at least 1");
  const std::size_t outer = (end + job.inner - 1) / job.inner;
  job.inner_inverse = fields.doubles("innerInverse", packed_size(job.inner)).data;
  job.outer_inverse = fields.doubles("outerInverse", packed_size(outer)).data;
  job.mask = fields.bytes("mask", end).data;
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
  if (fields.has("bareLosses")) job.bare_losses = fields.doubles("bareLosses", 2 * job.to).data;
  job.first_order = read_first_order(fields, end_of(job));
  return job;
}

GreedyJob read_greedy(const Fields& fields) {
  GreedyJob job;
  read_state(fields, job);
  job.weights = fields.floats("weights", end_of(job)).data;
  job.mask = fields.bytes("mask", end_of(job)).data;
  job.order_of_axes = read_axis_order(fields, job);
  job.gradient_sum = fields.doubles("gradientSum", end_of(job)).data;
  job.step = read_step(fields);
  job.keys = fields.doubles("keys", end_of(job)).data;
  const auto losses = fields.doubles("marginalLosses", 0);
  if (losses.length != 0) fields.doubles("marginalLosses", end_of(job));
  job.marginal_losses = losses.length == 0 ? nullptr : losses.data;
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
  job.first_order = read_first_order(fields, end_of(job));
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

}  // namespace woodfisher::addon
