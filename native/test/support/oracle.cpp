#include "oracle.h"

#include <cmath>
#include <limits>

namespace woodfisher::test {

Matrix gram_of(const Parameter& parameter, std::size_t block) {
  const std::size_t begin = parameter.begin(block);
  Matrix gram(parameter.order(block));
  Vector g(gram.order());
  for (std::size_t n = 0; n < parameter.plan.samples; ++n) {
    for (std::size_t i = 0; i < g.size(); ++i) {
      g[i] = parameter.mask[begin + i] != 0 ? parameter.gradient(n, begin + i) : 0;
    }
    for (std::size_t i = 0; i < g.size(); ++i) {
      for (std::size_t j = 0; j <= i; ++j) gram.at(i, j) += g[i] * g[j];
    }
  }
  for (std::size_t i = 0; i < g.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) gram.at(j, i) = gram.at(i, j);
  }
  return gram;
}

Matrix fisher_of(const Parameter& parameter, std::size_t block) {
  Matrix fisher = gram_of(parameter, block);
  for (std::size_t i = 0; i < fisher.order(); ++i) {
    for (std::size_t j = 0; j < fisher.order(); ++j) {
      fisher.at(i, j) /= static_cast<Real>(parameter.plan.samples);
    }
    fisher.at(i, i) += static_cast<Real>(parameter.plan.damping);
  }
  return fisher;
}

Vector mean_gradient_of(const Parameter& parameter, std::size_t block) {
  const std::size_t begin = parameter.begin(block);
  Vector mean(parameter.order(block));
  for (std::size_t i = 0; i < mean.size(); ++i) {
    if (parameter.mask[begin + i] == 0) continue;
    for (std::size_t n = 0; n < parameter.plan.samples; ++n) {
      mean[i] += parameter.gradient(n, begin + i);
    }
    mean[i] /= static_cast<Real>(parameter.plan.samples);
  }
  return mean;
}

Oracle::Oracle(const Parameter& parameter, std::size_t block)
    : fisher(fisher_of(parameter, block)),
      inverse(test::inverse(fisher)),
      condition(largest_eigenvalue(fisher) * largest_eigenvalue(inverse)) {}

Real tolerance(Real condition, std::size_t order) {
  const Real rounding = condition * 0x1p-53L;
  const Real own = static_cast<Real>(order) * condition * std::numeric_limits<Real>::epsilon();
  return (rounding < 1e-8L ? 1e-6L : 100 * rounding) + own;
}

std::vector<std::size_t> sweeping_orders() {
  return {1,  2,  3,  7,  8,  9,  15, 16,  17,  23,  24,  25,  31,  32,  33,
          47, 48, 49, 50, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 300};
}

}  // namespace woodfisher::test
