// One instruction set's kernels as a table. Included last, by the files of native/src/isa/.
#pragma once

#include "kernels/centre.h"
#include "kernels/choose_smallest.h"
#include "kernels/choose_subsets.h"
#include "kernels/dual.h"
#include "kernels/finite.h"
#include "kernels/gram.h"
#include "kernels/greedy.h"
#include "kernels/group_saliency.h"
#include "kernels/initialise.h"
#include "kernels/invert.h"
#include "kernels/invert_whole.h"
#include "kernels/kronecker.h"
#include "kernels/multiply.h"
#include "kernels/score.h"
#include "kernels/select.h"
#include "kernels/sum_scores.h"
#include "kernels/update.h"
#include "kernels/woodbury.h"
#include "woodfisher/kernels.h"

namespace woodfisher::WOODFISHER_ISA {

inline Status accumulate(const AccumulateJob& job) {
  switch (job.solver) {
    case Solver::kGram:
      return accumulate_gram(job);
    case Solver::kDual:
      return accumulate_dual(job);
    case Solver::kWoodbury:
      break;
  }
  return accumulate_woodbury(job);
}

inline constexpr Kernels table(const char* instruction_set) {
  return {instruction_set,
          initialise,
          accumulate,
          centre,
          invert,
          invert_whole,
          kronecker,
          multiply,
          update,
          group_saliency,
          choose_subsets,
          choose_smallest,
          greedy,
          score,
          count_keys,
          count_ties,
          cut,
          sum_scores,
          find_non_finite};
}

}  // namespace woodfisher::WOODFISHER_ISA
