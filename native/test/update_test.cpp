// The update rules and their predicted losses against brute force on the dense inverse.
#include <algorithm>
#include <cmath>

#include "support/oracle.h"

namespace woodfisher::test {

namespace {

// One block's update as the contract states it, and what became of it.
struct Case {
  Case(const Parameter& before_update, std::size_t block)
      : before(before_update),
        begin(before.begin(block)),
        oracle(before, block),
        gradient(mean_gradient_of(before, block)) {
    for (std::size_t i = 0; i < oracle.fisher.order(); ++i) {
      const std::size_t c = begin + i;
      if (before.mask[c] != 0 && before.mask_after[c] == 0) pruned.push_back(i);
      if (before.mask_after[c] != 0) kept.push_back(i);
      weights.push_back(before.weights[c]);
    }
  }

  // The weights after the rule with a step of first order, before rounding to float32.
  Vector expected(UpdateRule rule, Real step) const {
    Vector w = weights;
    if (pruned.empty()) return w;
    if (rule == UpdateRule::kIndependent) {
      Vector shift = product(oracle.inverse, gradient);
      for (std::size_t i = 0; i < w.size(); ++i) w[i] -= shift[i] *= step;
      for (std::size_t q : pruned) {
        const Real factor = (weights[q] - shift[q]) / oracle.inverse.at(q, q);
        for (std::size_t i = 0; i < w.size(); ++i) w[i] -= factor * oracle.inverse.at(i, q);
      }
    }
    if (rule == UpdateRule::kJoint) {
      const Matrix inverse_of_kept = inverse(submatrix(oracle.fisher, kept));
      Vector right(kept.size());
      for (std::size_t r = 0; r < kept.size(); ++r) {
        right[r] = -step * gradient[kept[r]];
        for (std::size_t q : pruned) right[r] += oracle.fisher.at(kept[r], q) * weights[q];
      }
      const Vector change = product(inverse_of_kept, right);
      for (std::size_t r = 0; r < kept.size(); ++r) w[kept[r]] += change[r];
    }
    for (std::size_t q : pruned) w[q] = 0;
    return w;
  }

  const Parameter& before;
  std::size_t begin;
  Oracle oracle;
  Vector gradient;
  std::vector<std::size_t> pruned;  // now
  std::vector<std::size_t> kept;
  Vector weights;
};

void expect_updated(const Parameter& after, const Case& one, UpdateRule rule, double step,
                    std::size_t block, const std::string& what) {
  const Vector expected = one.expected(rule, step);
  const Real allowed = tolerance(one.oracle.condition, expected.size()) * norm(expected);
  Vector change;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::size_t c = one.begin + i;
    const Real w = after.weights[c];
    expect_at_most(std::fabs(w - expected[i]), allowed + 0x1p-24L * std::fabs(expected[i]),
                   text(what, ": weight ", i));
    if (after.mask_after[c] == 0) expect(w == 0, what + ": a pruned weight is not zero");
    change.push_back(w - one.weights[i]);
  }
  const Real quadratic = dot(change, product(one.oracle.fisher, change)) / 2;
  Real linear = 0;
  for (std::size_t i = 0; i < change.size(); ++i) {
    linear += static_cast<Real>(after.gradient_sum[one.begin + i]) * change[i];
  }
  linear /= static_cast<Real>(after.plan.samples);
  // P has the error of a recursion that starts from I / lambda, and is inverted again.
  const Real largest = largest_eigenvalue(one.oracle.fisher);
  const bool exact = after.plan.solver == Solver::kGram;
  const Real relative = exact ? 1e-12L : 100 * largest / after.plan.damping * 0x1p-53L;
  const Real scale = dot(change, change) * largest;
  expect_at_most(std::fabs(after.losses[2 * block] - quadratic), relative * scale, what + ": loss");
  expect_at_most(std::fabs(after.losses[2 * block + 1] - linear), 1e-12L * (1 + norm(change)),
                 what + ": first-order loss");
}

void expect_rule(const Kernels& kernels, UpdateRule rule, double step, const Plan& plan,
                 double keep) {
  Parameter parameter(plan);
  Random random(plan.seed + 1);
  for (std::size_t c = 0; c < parameter.size(); ++c) {
    parameter.mask_after[c] = parameter.mask[c] != 0 && random.chance(keep);
  }
  parameter.estimate(kernels);
  const Parameter before = parameter;
  const std::string what =
      text("rule ", static_cast<int>(rule), ", step ", step, ", solver ",
           static_cast<int>(plan.solver), ", B ", plan.orders.front(), ", keeping ", keep);
  UpdateJob job = parameter.pruning(parameter.all(), rule);
  if (step != 0) job.first_order = parameter.first_order(kernels, step);
  expect_done(kernels.update(job), what);
  for (std::size_t block = 0; block < parameter.blocks(); ++block) {
    expect_updated(parameter, Case(before, block), rule, step, block, what);
  }
  expect(parameter.weights.intact() && parameter.losses.intact(), "guard bytes were written");
  expect_same_bits(parameter.states, before.states, what + ", states");
}

double loss_of(const Kernels& kernels, Parameter parameter, UpdateRule rule) {
  expect_done(kernels.update(parameter.pruning(parameter.all(), rule)), "update");
  return parameter.losses[0];
}

}  // namespace

void specifications(const Kernels& kernels) {
  constexpr Solver kSolvers[] = {Solver::kGram, Solver::kWoodbury};
  const std::vector<std::size_t> orders = {1, 2, 3, 7, 8, 9, 16, 17, 24, 33, 50, 64, 65, 100, 129};

  for (const auto& [name, rule] :
       {std::pair{"none", UpdateRule::kNone}, std::pair{"independent", UpdateRule::kIndependent},
        std::pair{"joint", UpdateRule::kJoint}}) {
    specify(text(name, ": weights and losses are those of the formula"), [&, rule = rule] {
      for (Solver solver : kSolvers) {
        for (std::size_t order : orders) {
          for (double keep : {0.0, 0.1, 0.5, 0.9}) {
            expect_rule(kernels, rule, 0,
                        {.orders = {order, order / 2 + 1},
                         .samples = order / 2 + 3,
                         .solver = solver,
                         .pruned = keep == 0.5 ? 0.3 : 0,
                         .seed = order},
                        keep);
          }
        }
      }
    });
  }

  specify("with a step of first order the weights are those of the formula", [&] {
    for (UpdateRule rule : {UpdateRule::kIndependent, UpdateRule::kJoint}) {
      for (Solver solver : {Solver::kGram, Solver::kWoodbury, Solver::kDual}) {
        for (std::size_t order : {2, 9, 33, 65, 100}) {
          for (double step : {0.25, 1.0}) {
            expect_rule(kernels, rule, step,
                        {.orders = {order, order / 2 + 1},
                         .samples = solver == Solver::kDual ? order / 3 + 1 : order + 3,
                         .solver = solver,
                         .pruned = step == 1 ? 0.3 : 0,
                         .seed = order},
                        step == 1 ? 0.1 : 0.6);
          }
        }
      }
    }
  });

  specify("a block that loses no weight keeps its bits, at no loss", [&] {
    for (Solver solver : kSolvers) {
      for (UpdateRule rule : {UpdateRule::kNone, UpdateRule::kIndependent, UpdateRule::kJoint}) {
        Parameter parameter(
            {.orders = {50, 50, 7}, .samples = 30, .solver = solver, .pruned = 0.3});
        parameter.estimate(kernels);
        for (std::size_t c = 50; c < 100; ++c) parameter.mask_after[c] = parameter.mask[c];
        const Parameter before = parameter;
        expect_done(kernels.update(parameter.pruning(parameter.all(), rule)), "update");
        const auto block = [](const Parameter& p) { return p.weights.span().subspan(50, 50); };
        expect(same_bits(block(parameter), block(before)), "weights");
        expect(parameter.losses[2] == 0 && parameter.losses[3] == 0, "losses");
      }
    }
  });

  specify("joint is never worse than independent, which is never worse than none for one weight",
          [&] {
            for (std::uint64_t seed = 1; seed <= 40; ++seed) {
              Parameter parameter(
                  {.orders = {30}, .samples = 25, .solver = kSolvers[seed % 2], .seed = seed});
              parameter.estimate(kernels);
              const double joint = loss_of(kernels, parameter, UpdateRule::kJoint);
              const double independent = loss_of(kernels, parameter, UpdateRule::kIndependent);
              const double rounding = 1e-6 * (joint + independent);
              expect_at_most(joint, independent + rounding, text("seed ", seed));
              std::fill(parameter.mask_after.begin(), parameter.mask_after.end(), std::uint8_t{1});
              parameter.mask_after[seed % 30] = 0;
              const double one = loss_of(kernels, parameter, UpdateRule::kIndependent);
              expect_at_most(one, loss_of(kernels, parameter, UpdateRule::kNone) * (1 + 1e-6),
                             "one weight");
              expect_at_most(std::fabs(one - loss_of(kernels, parameter, UpdateRule::kJoint)),
                             1e-6L * one, "both rules agree for one weight");
            }
          });
}

}  // namespace woodfisher::test
