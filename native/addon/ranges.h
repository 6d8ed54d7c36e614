// What the jobs have in common: blocks, the state they lie in, the order of the axes.
#pragma once

#include <cstddef>

#include "fields.h"
#include "woodfisher/jobs.h"

namespace woodfisher::addon {

Control read_control(const Fields& fields);

// `starts`, `from`, `to` and `control`.
void read_blocks(const Fields& fields, BlockRange& range);

// The blocks, and their state.
void read_state(const Fields& fields, StateRange& range);

// Refuses axes that do not cover the weights of the range, and places beyond them.
AxisOrder read_axis_order(const Fields& fields, const BlockRange& range);

// alpha of the step of first order; 0 where the object has none.
double read_step(const Fields& fields);

// The step of first order; none where the object has no `step`, or 0.
FirstOrder read_first_order(const Fields& fields, std::size_t end);

// One past the last weight that the range's blocks hold: what arrays by weight must cover.
inline std::size_t end_of(const BlockRange& range) {
  return range.starts[range.to];
}

}  // namespace woodfisher::addon
