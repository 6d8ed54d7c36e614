// What a running kernel and the main thread tell each other: stop, and how far it is.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "support/parameter.h"
#include "woodfisher/packed_triangle.h"

namespace woodfisher::test {

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kLongest = 2000;  // under a sanitizer all is slower
constexpr std::size_t kLarge = 2048;
#else
constexpr double kLongest = 100;
constexpr std::size_t kLarge = 4096;
#endif

constexpr Solver kSolvers[] = {Solver::kGram, Solver::kWoodbury};

// One large block with the state of no samples: the arithmetic is that of any.
Parameter large_block(Solver solver) {
  Parameter parameter({.orders = {kLarge}, .samples = 300, .solver = solver, .damping = 1});
  parameter.states.fill(0);
  for (std::size_t i = 0; solver == Solver::kWoodbury && i < kLarge; ++i) {
    parameter.states[packed_row(i) + i] = 1;
  }
  return parameter;
}

// How long the call runs on after it was told to stop, `delay` after its start; 0 where it was done
// before that.
double time_to_stop(Parameter& parameter, double delay, const std::function<Status()>& call) {
  std::atomic_ref<std::int32_t> flag(parameter.control[0]);
  flag = 0;
  Clock::time_point told;
  std::jthread teller([&] {
    std::this_thread::sleep_for(Milliseconds(delay));
    told = Clock::now();
    flag = 1;
  });
  const Status status = call();
  const Clock::time_point ended = Clock::now();
  teller.join();
  flag = 0;
  if (status.done()) return 0;
  expect(status.outcome == Outcome::kCancelled, "the outcome");
  return Milliseconds(ended - told).count();
}

void expect_stops(Parameter& parameter, const std::string& what,
                  const std::function<Status()>& call) {
  for (double delay : {2.0, 30.0, 180.0}) {
    double shortest = kLongest + 1;
    // More than once where the machine is busy: what counts is that the kernel can.
    for (int attempt = 0; attempt < 4 && shortest > kLongest; ++attempt) {
      shortest = std::min(shortest, time_to_stop(parameter, delay, call));
    }
    expect_at_most(shortest, kLongest, text(what, ", told after ", delay, " ms: time to stop"));
  }
}

std::int32_t blocks_done(Parameter& parameter, const std::function<Status()>& call) {
  parameter.control[1] = 0;
  expect_done(call(), "a kernel");
  return parameter.control[1];
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("a block of 4096 weights is left within 100 ms", [&] {
    for (Solver solver : kSolvers) {
      Parameter p = large_block(solver);
      const std::string name = solver == Solver::kGram ? "gram " : "woodbury ";
      expect_stops(p, name + "initialise", [&] { return kernels.initialise(p.all()); });
      p = large_block(solver);
      expect_stops(p, name + "accumulate",
                   [&] { return kernels.accumulate(p.accumulation(p.all(), 0, p.plan.samples)); });
      p = large_block(solver);
      expect_stops(p, name + "invert", [&] { return kernels.invert(p.inversion(p.all())); });
      expect_stops(p, name + "multiply",
                   [&] { return kernels.multiply(p.multiplication(p.all())); });
      expect_stops(p, name + "greedy", [&] { return kernels.greedy(p.tracing(p.all())); });
      for (UpdateRule rule : {UpdateRule::kIndependent, UpdateRule::kJoint}) {
        expect_stops(p, text(name, "update ", static_cast<int>(rule)), [&] {
          const Guarded<float> weights = p.weights;
          const Status status = kernels.update(p.pruning(p.all(), rule));
          p.weights = weights;
          return status;
        });
      }
    }
  });

  specify("so is one by dual", [&] {
    Parameter p({.orders = {kLarge}, .samples = kLarge / 2, .solver = Solver::kDual, .damping = 1});
    expect_stops(p, "accumulate",
                 [&] { return kernels.accumulate(p.accumulation(p.all(), 0, p.plan.samples)); });
    p.rows.fill(0.5f);
    expect_stops(p, "invert", [&] { return kernels.invert(p.inversion(p.all())); });
    expect_stops(p, "multiply", [&] { return kernels.multiply(p.multiplication(p.all())); });
    expect_stops(p, "greedy", [&] { return kernels.greedy(p.tracing(p.all())); });
    for (UpdateRule rule : {UpdateRule::kIndependent, UpdateRule::kJoint}) {
      expect_stops(p, text("update ", static_cast<int>(rule)),
                   [&] { return kernels.update(p.pruning(p.all(), rule)); });
    }
  });

  specify("an inversion may be stopped at any time, and touches no other block", [&] {
    for (Solver solver : {Solver::kGram, Solver::kDual}) {
      Parameter p({.orders = {kLarge / 8, kLarge / 8}, .samples = 128, .solver = solver});
      p.estimate(kernels);
      const Clock::time_point begin = Clock::now();
      expect_done(kernels.invert(p.inversion(p.all())), "invert");
      const double whole = Milliseconds(Clock::now() - begin).count();
      for (int k = 0; k < 24; ++k) {
        time_to_stop(p, whole * k / 24, [&] { return kernels.invert(p.inversion(p.all())); });
      }
    }
  });

  specify("so is a group of all its weights", [&] {
    for (Solver solver : kSolvers) {
      Parameter p = large_block(solver);
      std::vector<std::uint32_t> indices(kLarge);
      for (std::uint32_t i = 0; i < kLarge; ++i) indices[i] = i;
      const std::uint32_t offsets[] = {0, kLarge};
      double saliency = 0;
      expect_stops(p, "group saliency", [&] {
        return kernels.group_saliency(
            {p.all(), p.weights.data(), indices.data(), offsets, 0, 1, &saliency});
      });
    }
  });

  specify("a call that is cancelled before it begins changes nothing", [&] {
    for (Solver solver : kSolvers) {
      Parameter p({.orders = {50, 7}, .samples = 20, .solver = solver});
      p.estimate(kernels);
      const Parameter before = p;
      p.control[0] = 1;
      const auto expect_cancelled = [](const Status& status, const std::string& what) {
        expect(status.outcome == Outcome::kCancelled, what);
      };
      expect_cancelled(kernels.initialise(p.all()), "initialise");
      expect_cancelled(kernels.accumulate(p.accumulation(p.all(), 0, 20)), "accumulate");
      expect_cancelled(kernels.invert(p.inversion(p.all())), "invert");
      expect_cancelled(kernels.multiply(p.multiplication(p.all())), "multiply");
      expect_cancelled(kernels.update(p.pruning(p.all(), UpdateRule::kJoint)), "update");
      expect_cancelled(kernels.find_non_finite({p.gradients.data(), 0, 9, Control(p.control)}),
                       "find");
      expect_same_bits(p.states, before.states, "states");
      expect_same_bits(p.gradient_sum, before.gradient_sum, "gradient sums");
      expect_same_bits(p.diagonal, before.diagonal, "diagonal");
      expect_same_bits(p.output, before.output, "output");
      expect_same_bits(p.weights, before.weights, "weights");
      expect_equal(p.control[1], 0 + before.control[1], "blocks done");
    }
  });

  specify("each finished block is counted once", [&] {
    for (Solver solver : kSolvers) {
      Parameter p(
          {.orders = {50, 50, 7, 600, 1}, .samples = 20, .solver = solver, .first_block = 1});
      const StateRange range = p.range(1, 5);
      std::vector<double> scores(p.size(), 0.5);
      Guarded<double> counts(65536);
      const double prefix = 0;
      const std::uint32_t indices[] = {50, 51, 707};
      const std::uint32_t offsets[] = {0, 2, 3};
      double saliencies[2];
      std::vector<std::uint8_t> mask(p.size());
      const std::pair<const char*, std::function<Status()>> calls[] = {
          {"initialise", [&] { return kernels.initialise(range); }},
          {"accumulate", [&] { return kernels.accumulate(p.accumulation(range, 0, 20)); }},
          {"invert", [&] { return kernels.invert(p.inversion(range)); }},
          {"multiply", [&] { return kernels.multiply(p.multiplication(range)); }},
          {"group saliency",
           [&] {
             return kernels.group_saliency(
                 {range, p.weights.data(), indices, offsets, 0, 2, saliencies});
           }},
          {"score",
           [&] {
             return kernels.score({range, Criterion::kMagnitude, p.weights.data(), nullptr, nullptr,
                                   1, 1, scores.data()});
           }},
          {"count keys",
           [&] {
             return kernels.count_keys(
                 {range, scores.data(), p.mask.data(), 0, &prefix, 1, counts.data()});
           }},
          {"count ties",
           [&] {
             return kernels.count_ties(
                 {range, scores.data(), p.mask.data(), p.plan.axes, 0.5, 0, 0, counts.data()});
           }},
          {"cut",
           [&] {
             return kernels.cut(
                 {range, scores.data(), p.mask.data(), mask.data(), p.plan.axes, 0.1, -1});
           }},
          {"update", [&] { return kernels.update(p.pruning(range, UpdateRule::kJoint)); }},
      };
      for (const auto& [name, call] : calls) expect_equal(blocks_done(p, call), 4, name);
    }
  });
}

}  // namespace woodfisher::test
