// Jobs on groups of weights along an axis.
#include <string>

#include "jobs.h"
#include "ranges.h"

namespace woodfisher::addon {

namespace {

// Refuses grids whose groups are too large to choose from, or lie in two blocks of the range.
GroupGrid read_grid(const Fields& fields, const BlockRange& range) {
  const Fields object = fields.inside("grid");
  const GroupGrid grid{object.count("size"), object.count("length"), object.count("step")};
  if (grid.size == 0 || grid.size > kLargestChoice) {
    throw fields.wrong("grid.size", "from 1 to " + std::to_string(kLargestChoice));
  }
  if (grid.length == 0 || grid.step == 0) {
    throw fields.wrong("grid", "runs of at least one weight");
  }
  for (std::size_t b = range.from; b <= range.to; ++b) {
    const std::size_t at = range.starts[b] % grid.run();
    if (at < grid.tiles() * grid.tile() && at % grid.tile() != 0) {
      throw fields.wrong("grid", "such that no group lies in two blocks");
    }
  }
  return grid;
}

// What the two jobs have beside their blocks.
template <typename Job>
void read_choice(const Fields& fields, Job& job) {
  const std::size_t end = end_of(job);
  job.grid = read_grid(fields, job);
  job.keep = fields.count("keep");
  job.mask = fields.bytes("mask", end).data;
  job.mask_after = fields.bytes("maskAfter", end).data;
  job.costs = fields.doubles("costs", job.grid.groups_before(end)).data;
}

}  // namespace

ChooseSubsetsJob read_choose_subsets(const Fields& fields) {
  ChooseSubsetsJob job;
  read_state(fields, job);
  read_choice(fields, job);
  job.weights = fields.floats("weights", end_of(job)).data;
  job.first_order = read_first_order(fields, end_of(job));
  return job;
}

ChooseSmallestJob read_choose_smallest(const Fields& fields) {
  ChooseSmallestJob job;
  read_blocks(fields, job);
  read_choice(fields, job);
  job.scores = fields.doubles("scores", end_of(job)).data;
  return job;
}

}  // namespace woodfisher::addon
