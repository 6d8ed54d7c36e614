// The function table. The kernels are compiled once for each instruction set (native/src/isa/), and
// one table is chosen when the process first asks for it.
#pragma once

#include <span>

#include "woodfisher/jobs.h"
#include "woodfisher/status.h"

namespace woodfisher {

struct Kernels {
  const char* instruction_set;
  Status (*initialise)(const StateRange&);
  Status (*accumulate)(const AccumulateJob&);
  Status (*centre)(const CentreJob&);
  Status (*invert)(const InvertJob&);
  Status (*invert_whole)(const InvertWholeJob&);
  Status (*kronecker)(const KroneckerJob&);
  Status (*multiply)(const MultiplyJob&);
  Status (*update)(const UpdateJob&);
  Status (*group_saliency)(const GroupSaliencyJob&);
  Status (*choose_subsets)(const ChooseSubsetsJob&);
  Status (*choose_smallest)(const ChooseSmallestJob&);
  Status (*greedy)(const GreedyJob&);
  Status (*score)(const ScoreJob&);
  Status (*count_keys)(const CountKeysJob&);
  Status (*count_ties)(const CountTiesJob&);
  Status (*cut)(const CutJob&);
  Status (*sum_scores)(const SumScoresJob&);
  Status (*find_non_finite)(const FindNonFiniteJob&);
};

// The tables this processor can run, widest vectors first; the last is the baseline of the target.
std::span<const Kernels* const> available_kernels();

// The table in use: the widest, or the one that the environment variable
// WOODFISHER_INSTRUCTION_SET names. Null where that names one this processor lacks.
const Kernels* chosen_kernels();

}  // namespace woodfisher
