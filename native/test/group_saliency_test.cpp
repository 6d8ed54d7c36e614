// The loss of removing a group of weights together, against the dense inverse.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/oracle.h"

namespace woodfisher::test {

namespace {

struct Groups {
  std::vector<std::uint32_t> indices;
  std::vector<std::uint32_t> offsets = {0};
  Guarded<double> saliencies;

  std::size_t count() const { return offsets.size() - 1; }

  void add(std::vector<std::uint32_t> members) {
    std::sort(members.begin(), members.end());
    indices.insert(indices.end(), members.begin(), members.end());
    offsets.push_back(static_cast<std::uint32_t>(indices.size()));
  }
};

// `repeats` groups of `size` random weights in each block that has as many.
Groups random_groups(const Parameter& parameter, std::size_t size, int repeats) {
  Random random(size + 100);
  Groups groups;
  for (std::size_t block = parameter.plan.first_block; block < parameter.blocks(); ++block) {
    std::vector<std::uint32_t> members(parameter.order(block));
    std::iota(members.begin(), members.end(), parameter.starts[block]);
    for (int repeat = 0; repeat < repeats && size <= members.size(); ++repeat) {
      for (std::size_t i = 0; i < size; ++i) {
        std::swap(members[i], members[random.from_to(i, members.size() - 1)]);
      }
      groups.add({members.begin(), members.begin() + static_cast<std::ptrdiff_t>(size)});
    }
  }
  groups.saliencies = Guarded<double>(groups.count(), -777);
  return groups;
}

GroupSaliencyJob job_of(Parameter& parameter, Groups& groups, std::size_t from, std::size_t to) {
  return {parameter.all(),
          parameter.weights.data(),
          groups.indices.data(),
          groups.offsets.data(),
          from,
          to,
          groups.saliencies.data()};
}

Real saliency(const Parameter& parameter, const Oracle& oracle, std::size_t block,
              const Groups& groups, std::size_t g) {
  std::vector<std::size_t> members;
  Vector w;
  for (std::uint32_t i = groups.offsets[g]; i < groups.offsets[g + 1]; ++i) {
    members.push_back(groups.indices[i] - parameter.starts[block]);
    w.push_back(parameter.weights[groups.indices[i]]);
  }
  return dot(w, product(inverse(submatrix(oracle.inverse, members)), w)) / 2;
}

void expect_saliencies(const Kernels& kernels, const Plan& plan, std::size_t size) {
  Parameter parameter(plan);
  parameter.estimate(kernels);
  Groups groups = random_groups(parameter, size, 4);
  const std::string what = text("B ", plan.orders.front(), ", groups of ", size);
  expect_done(kernels.group_saliency(job_of(parameter, groups, 0, groups.count())), what);
  std::size_t g = 0;
  for (std::size_t block = plan.first_block; block < parameter.blocks(); ++block) {
    const Oracle oracle(parameter, block);
    const Real allowed = tolerance(oracle.condition, parameter.order(block));
    for (; g < groups.count() && groups.indices[groups.offsets[g]] < parameter.starts[block + 1];
         ++g) {
      const Real exact = saliency(parameter, oracle, block, groups, g);
      expect_at_most(std::fabs(groups.saliencies[g] - exact), allowed * exact, what);
    }
  }
  expect_equal(g, groups.count(), "groups that were compared");
  expect(groups.saliencies.intact(), "guard bytes were written");
}

}  // namespace

void specifications(const Kernels& kernels) {
  for (Solver solver : {Solver::kGram, Solver::kWoodbury}) {
    const std::string name = solver == Solver::kGram ? "gram: " : "woodbury: ";
    specify(name + "groups of any size in blocks of any order", [&] {
      for (std::size_t size : {1, 2, 3, 4, 8, 9, 17, 50}) {
        for (std::size_t order : {1, 3, 8, 17, 50, 100}) {
          if (order < size) continue;
          const Plan plan = {
              .orders = {order, 1, order, 2}, .samples = order + 5, .solver = solver};
          expect_saliencies(kernels, plan, size);
        }
      }
    });

    specify(name + "a group of one weight has the saliency w^2 / (2 D)", [&] {
      Parameter parameter({.orders = {50, 33}, .samples = 40, .solver = solver});
      parameter.estimate(kernels);
      Groups groups;
      for (std::uint32_t c = 0; c < parameter.size(); ++c) groups.add({c});
      groups.saliencies = Guarded<double>(groups.count());
      expect_done(kernels.group_saliency(job_of(parameter, groups, 0, groups.count())), "groups");
      expect_done(kernels.invert(parameter.inversion(parameter.all())), "invert");
      for (std::size_t c = 0; c < parameter.size(); ++c) {
        const double w = parameter.weights[c];
        const double single = w * w / (2 * parameter.diagonal[c]);
        expect_at_most(std::fabs(groups.saliencies[c] - single), 1e-12L * single, "saliency");
      }
    });

    specify(name + "a range of groups gives the bits of all of them and writes no other", [&] {
      Parameter parameter(
          {.orders = {9, 50, 50, 7}, .samples = 40, .solver = solver, .first_block = 1});
      parameter.estimate(kernels);
      Groups all = random_groups(parameter, 3, 5);
      Groups range = all;
      const Groups before = all;
      expect_done(kernels.group_saliency(job_of(parameter, all, 0, all.count())), "all");
      expect_done(kernels.group_saliency(job_of(parameter, range, 4, 7)), "range");
      expect_unchanged_outside(range.saliencies, before.saliencies, 4, 7, "range");
      expect(same_bits(range.saliencies.span().subspan(4, 3), all.saliencies.span().subspan(4, 3)),
             "other bits");
    });
  }

  specify("dual: groups in blocks of more weights than samples", [&] {
    for (std::size_t size : {1, 2, 3, 8, 17}) {
      for (std::size_t order : {17, 50, 100}) {
        expect_saliencies(
            kernels, {.orders = {order, order + 3}, .samples = order / 3, .solver = Solver::kDual},
            size);
      }
    }
  });

  specify("a group without members costs nothing", [&] {
    Parameter parameter({.orders = {8}, .samples = 4});
    parameter.estimate(kernels);
    Groups groups;
    groups.add({1, 2});
    groups.add({});
    groups.add({5});
    groups.saliencies = Guarded<double>(3, -777);
    expect_done(kernels.group_saliency(job_of(parameter, groups, 0, 3)), "groups");
    expect(groups.saliencies[0] > 0 && groups.saliencies[1] == 0 && groups.saliencies[2] > 0,
           "saliencies");
  });
}

}  // namespace woodfisher::test
