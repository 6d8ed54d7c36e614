// Jobs on weights and their scores.
#include <string>

#include "jobs.h"
#include "ranges.h"

namespace woodfisher::addon {

namespace {

Amounts read_amounts(const Fields& fields, std::size_t end) {
  Amounts amounts;
  if (fields.has("amounts")) amounts.each = fields.doubles("amounts", end).data;
  if (fields.has("factor")) amounts.factor = fields.number("factor");
  return amounts;
}

std::uint32_t read_word(const Fields& fields, const char* name) {
  const std::size_t value = fields.count(name);
  if (value > 0xffffffffu) throw fields.wrong(name, "below 2^32");
  return static_cast<std::uint32_t>(value);
}

}  // namespace

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
  } else if (criterion == "random") {
    job.criterion = Criterion::kRandom;
    job.order_of_axes = read_axis_order(fields, job);
    job.seed = read_word(fields, "seed");
    job.stream = read_word(fields, "stream");
  } else {
    throw fields.wrong("criterion", "woodfisher, diagonal-fisher, magnitude or random");
  }
  job.weights = fields.floats("weights", end).data;
  job.diagonal = fields.doubles("diagonal", job.criterion == Criterion::kWoodFisher ? end : 0).data;
  job.square_sum =
      fields.doubles("squareSum", job.criterion == Criterion::kDiagonalFisher ? end : 0).data;
  job.samples = fields.number("samples");
  job.damping = fields.number("damping");
  job.scores = fields.doubles("scores", end).data;
  job.first_order = read_first_order(fields, end);
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
  job.amounts = read_amounts(fields, end_of(job));
  return job;
}

CountTiesJob read_count_ties(const Fields& fields) {
  CountTiesJob job;
  read_blocks(fields, job);
  job.scores = fields.doubles("scores", end_of(job)).data;
  job.mask = fields.bytes("mask", end_of(job)).data;
  job.order_of_axes = read_axis_order(fields, job);
  job.score = fields.number("score");
  job.level = static_cast<unsigned>(fields.count("level"));
  job.prefix = static_cast<std::uint32_t>(fields.count("prefix"));
  job.counts = fields.doubles("counts", 65536).data;
  job.amounts = read_amounts(fields, end_of(job));
  return job;
}

CutJob read_cut(const Fields& fields) {
  CutJob job;
  read_blocks(fields, job);
  job.scores = fields.doubles("scores", end_of(job)).data;
  job.mask = fields.bytes("mask", end_of(job)).data;
  job.mask_after = fields.bytes("maskAfter", end_of(job)).data;
  job.order_of_axes = read_axis_order(fields, job);
  job.score = fields.number("score");
  job.last_tie = fields.number("lastTie");
  job.amounts = read_amounts(fields, end_of(job));
  return job;
}

SumScoresJob read_sum_scores(const Fields& fields) {
  SumScoresJob job;
  read_blocks(fields, job);
  job.scores = fields.doubles("scores", end_of(job)).data;
  job.values = fields.doubles("values", end_of(job)).data;
  job.mask = fields.bytes("mask", end_of(job)).data;
  const auto thresholds = fields.doubles("thresholds", 0);
  job.thresholds = thresholds.data;
  job.threshold_count = thresholds.length;
  job.sums = fields.doubles("sums", 2 * thresholds.length).data;
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
