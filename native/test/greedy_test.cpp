// The order of optimal brain surgeon against the dense inverse of what is left, made anew for every
// removal.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/oracle.h"
#include "support/scratch_memory.h"

namespace woodfisher::test {

namespace {

constexpr Solver kSolvers[] = {Solver::kGram, Solver::kWoodbury, Solver::kDual};

std::size_t samples_for(Solver solver, std::size_t order) {
  return solver == Solver::kDual ? order / 2 + 1 : order + 5;
}

// Rows of a block in the order of their keys.
std::vector<std::size_t> removals(const Parameter& parameter, std::size_t block) {
  std::vector<std::size_t> order;
  const std::size_t begin = parameter.begin(block);
  for (std::size_t i = 0; i < parameter.order(block); ++i) {
    if (parameter.mask[begin + i] != 0) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return parameter.keys[begin + a] < parameter.keys[begin + b];
  });
  return order;
}

// The loss of each row of `left` that may go next, all others of the block being gone: with
// P = F_RR^-1 and u = w_R + P (F_RQ w_Q - alpha g_R), u_q^2 / (2 P_qq).
Vector next_losses(const Parameter& parameter, std::size_t block, const Matrix& fisher,
                   const std::vector<std::size_t>& left, const std::vector<std::size_t>& gone,
                   Real step) {
  const Vector gradient = mean_gradient_of(parameter, block);
  const auto weight = [&](std::size_t i) -> Real {
    return parameter.weights[parameter.begin(block) + i];
  };
  const Matrix p = inverse(submatrix(fisher, left));
  Vector right(left.size());
  for (std::size_t r = 0; r < left.size(); ++r) {
    right[r] = -step * gradient[left[r]];
    for (std::size_t q : gone) right[r] += fisher.at(left[r], q) * weight(q);
  }
  Vector losses = product(p, right);
  for (std::size_t r = 0; r < left.size(); ++r) {
    const Real u = weight(left[r]) + losses[r];
    losses[r] = u * u / (2 * p.at(r, r));
  }
  return losses;
}

// How far a marginal loss may be off: what D is allowed, of the loss of a weight.
Real allowed_for(const Parameter& parameter, std::size_t block, const Oracle& oracle) {
  Real scale = 0;
  for (std::size_t i = 0; i < parameter.order(block); ++i) {
    const Real w = parameter.weights[parameter.begin(block) + i];
    scale = std::max(scale, w * w * oracle.fisher.at(i, i));
  }
  const Real by_start =
      parameter.plan.solver == Solver::kGram
          ? 0
          : 100 * largest_eigenvalue(oracle.fisher) / parameter.plan.damping * 0x1p-53L;
  return (tolerance(oracle.condition, parameter.order(block)) + by_start) * scale;
}

void expect_trace(const Kernels& kernels, const Plan& plan, double step) {
  Parameter parameter(plan);
  parameter.estimate(kernels);
  const Parameter before = parameter;
  const std::string what =
      text("solver ", static_cast<int>(plan.solver), ", B ", plan.orders.front(), ", step ", step);
  expect_done(kernels.greedy(parameter.tracing(parameter.all(), step)), what);
  for (std::size_t block = 0; block < parameter.blocks(); ++block) {
    const Oracle oracle(parameter, block);
    const Real allowed = allowed_for(parameter, block, oracle);
    const std::size_t begin = parameter.begin(block);
    std::vector<std::size_t> left = removals(parameter, block);
    std::vector<std::size_t> gone;
    double key = -1;
    double highest = 0;
    while (!left.empty()) {
      const Vector next = next_losses(parameter, block, oracle.fisher, left, gone, step);
      const double loss = parameter.marginal_losses[begin + left.front()];
      const std::string at = text(what, ", block ", block, ", removal ", gone.size());
      expect_at_most(std::fabs(loss - next.front()), allowed, at + ": the loss");
      expect_at_most(next.front(), *std::min_element(next.begin(), next.end()) + allowed,
                     at + ": not the cheapest");
      const double last = key;
      key = parameter.keys[begin + left.front()];
      highest = std::max(highest, loss);
      expect(key > last, at + ": keys do not increase");
      expect(key >= highest && key <= highest * (1 + 1e-12) + 1e-300, at + ": the key");
      gone.push_back(left.front());
      left.erase(left.begin());
    }
  }
  expect(parameter.keys.intact() && parameter.marginal_losses.intact(), "guard bytes were written");
  expect_same_bits(parameter.states, before.states, what + ", states");
  expect_same_bits(parameter.weights, before.weights, what + ", weights");
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("each removal is the cheapest that is left, and its loss that of the dense inverse", [&] {
    for (Solver solver : kSolvers) {
      for (std::size_t order : {1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 31, 33, 40, 65}) {
        for (double step : {0.0, 0.4}) {
          expect_trace(kernels,
                       {.orders = {order, order / 2 + 1},
                        .samples = samples_for(solver, order),
                        .solver = solver,
                        .pruned = step == 0 ? 0 : 0.2,
                        .seed = order},
                       step);
        }
      }
    }
  });

  specify("in larger blocks, of many panels, the losses of all removals add up to w^T F w / 2",
          [&] {
            for (Solver solver : kSolvers) {
              for (std::size_t order : {100, 129, 257, 400}) {
                Parameter parameter({.orders = {order},
                                     .samples = samples_for(solver, order),
                                     .solver = solver,
                                     .damping = 1e-2});
                parameter.estimate(kernels);
                expect_done(kernels.greedy(parameter.tracing(parameter.all())), "greedy");
                const Matrix fisher = fisher_of(parameter, 0);
                const Vector w(parameter.weights.begin(), parameter.weights.end());
                const Real all = dot(w, product(fisher, w)) / 2;
                const Real sum = std::accumulate(parameter.marginal_losses.begin(),
                                                 parameter.marginal_losses.end(), Real{0});
                expect_at_most(std::fabs(sum - all), 1e-9L * all, text("B ", order));
              }
            }
          });

  specify("equal losses go by the index in the model's layout", [&] {
    for (Solver solver : kSolvers) {
      Parameter parameter({.orders = {30}, .samples = 12, .solver = solver, .axes = {5, 6, 1}});
      std::fill(parameter.gradients.begin(), parameter.gradients.end(), 0.0f);
      parameter.weights.fill(0.5f);
      parameter.estimate(kernels);
      expect_done(kernels.greedy(parameter.tracing(parameter.all())), "greedy");
      const std::vector<std::size_t> order = removals(parameter, 0);
      for (std::size_t k = 0; k < order.size(); ++k) {
        expect_equal<std::size_t>(parameter.model[order[k]], k, "the place in the order");
      }
    }
  });

  specify("a range gives the bits of all blocks and writes no other; losses may be left out", [&] {
    for (Solver solver : kSolvers) {
      Parameter all({.orders = {9, 50, 50, 7},
                     .samples = 6,
                     .solver = solver,
                     .pruned = 0.2,
                     .first_block = 1});
      all.estimate(kernels);
      Parameter range = all;
      const Parameter before = all;
      expect_done(kernels.greedy(all.tracing(all.all())), "all");
      GreedyJob job = range.tracing(range.range(2, 3));
      job.marginal_losses = nullptr;
      expect_done(kernels.greedy(job), "range");
      expect_unchanged_outside(range.keys, before.keys, 59, 109, "keys");
      expect(same_bits(range.keys.span().subspan(59, 50), all.keys.span().subspan(59, 50)), "bits");
      expect_same_bits(range.marginal_losses, before.marginal_losses, "losses");
    }
  });

  specify("weights pruned before have key 0, a block of nothing else too", [&] {
    for (Solver solver : kSolvers) {
      Parameter parameter({.orders = {20, 20}, .samples = 9, .solver = solver, .pruned = 0.4});
      std::fill(parameter.mask.begin() + 20, parameter.mask.end(), std::uint8_t{0});
      parameter.estimate(kernels);
      expect_done(kernels.greedy(parameter.tracing(parameter.all())), "greedy");
      for (std::size_t c = 0; c < parameter.size(); ++c) {
        expect((parameter.keys[c] == 0) == (parameter.mask[c] == 0), text("key ", c));
      }
    }
  });

  specify("without memory the bytes that were missing are told, and no key is written", [&] {
    Parameter parameter({.orders = {50}, .samples = 60});
    parameter.estimate(kernels);
    const Parameter before = parameter;
    const NoMemory none;
    const Status status = kernels.greedy(parameter.tracing(parameter.all()));
    expect(status.outcome == Outcome::kOutOfMemory && status.value >= 64, "outcome");
    expect_same_bits(parameter.keys, before.keys, "keys");
  });
}

}  // namespace woodfisher::test
