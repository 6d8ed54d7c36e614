// The subset Q of given size with the least w_Q^T A_QQ^-1 w_Q / 2, A symmetric, positive definite.
//
// Subsets are walked in lexicographic order. With A_QQ = L L^T and z = L^-1 w_Q the cost is the sum
// of z_t^2 / 2: each further member adds one row to L and one term that is not negative, so that
// subsets which share their first members share their rows, and none is completed whose part
// already costs as much as the best. Of equal subsets the first one is taken.
// At most binomial(m, count) * count^2 flops; for 16 weights and 8 of them about 10^6.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include "woodfisher/jobs.h"
#include "woodfisher/status.h"

namespace woodfisher::WOODFISHER_ISA {

class SubsetSearch {
 public:
  double weights[kLargestChoice];
  std::size_t best[kLargestChoice];  // members of the best subset, ascending
  double cost = 0;

  // A_ij, j <= i
  double& at(std::size_t i, std::size_t j) { return a_[i][j]; }

  // Chooses `count` >= 1 of the first `members` members. Fails at a member of these.
  Status run(std::size_t members, std::size_t count) {
    members_ = members;
    count_ = count;
    cost = std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < count; ++k) best[k] = k;
    return extend(0, 0, 0);
  }

 private:
  // Tries all members from `from` on as number t of the subset, whose first t cost `before`.
  Status extend(std::size_t t, std::size_t from, double before) {
    for (std::size_t i = from; i <= members_ - count_ + t; ++i) {
      double pivot = a_[i][i];
      double rest = weights[i];
      for (std::size_t j = 0; j < t; ++j) {
        double entry = a_[i][chosen_[j]];
        for (std::size_t k = 0; k < j; ++k) entry -= l_[t][k] * l_[j][k];
        entry /= l_[j][j];
        l_[t][j] = entry;
        pivot -= entry * entry;
        rest -= entry * z_[j];
      }
      if (!(pivot > 0) || !std::isfinite(pivot)) {
        return {.outcome = Outcome::kNotPositiveDefinite, .pivot = static_cast<std::int64_t>(i)};
      }
      l_[t][t] = std::sqrt(pivot);
      z_[t] = rest / l_[t][t];
      const double sum = before + z_[t] * z_[t] / 2;
      if (!(sum < cost)) continue;
      chosen_[t] = i;
      if (t + 1 < count_) {
        if (const Status status = extend(t + 1, i + 1, sum); !status.done()) return status;
      } else {
        cost = sum;
        for (std::size_t k = 0; k < count_; ++k) best[k] = chosen_[k];
      }
    }
    return {};
  }

  std::size_t members_ = 0;
  std::size_t count_ = 0;
  std::size_t chosen_[kLargestChoice];
  double a_[kLargestChoice][kLargestChoice];
  double l_[kLargestChoice][kLargestChoice];
  double z_[kLargestChoice];
};

}  // namespace woodfisher::WOODFISHER_ISA
