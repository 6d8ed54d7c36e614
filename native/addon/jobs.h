// Job objects of src/engine/kernels.ts as the structures of woodfisher/jobs.h. Each function throws
// a JavaScript error that names the field where the object breaks the contract.
#pragma once

#include "fields.h"
#include "woodfisher/jobs.h"

namespace woodfisher::addon {

StateRange read_state_range(const Fields& fields);
AccumulateJob read_accumulate(const Fields& fields);
CentreJob read_centre(const Fields& fields);
InvertJob read_invert(const Fields& fields);
InvertWholeJob read_invert_whole(const Fields& fields);
KroneckerJob read_kronecker(const Fields& fields);
MultiplyJob read_multiply(const Fields& fields);
UpdateJob read_update(const Fields& fields);
GroupSaliencyJob read_group_saliency(const Fields& fields);
ChooseSubsetsJob read_choose_subsets(const Fields& fields);
ChooseSmallestJob read_choose_smallest(const Fields& fields);
GreedyJob read_greedy(const Fields& fields);
ScoreJob read_score(const Fields& fields);
CountKeysJob read_count_keys(const Fields& fields);
CountTiesJob read_count_ties(const Fields& fields);
CutJob read_cut(const Fields& fields);
SumScoresJob read_sum_scores(const Fields& fields);
FindNonFiniteJob read_find_non_finite(const Fields& fields);

}  // namespace woodfisher::addon
