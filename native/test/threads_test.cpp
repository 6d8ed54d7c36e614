// Several threads on one parameter, each with its own ranges of blocks or tiles of rows: the bits
// are those of one thread. Under ThreadSanitizer this is the test that finds races.
#include <atomic>
#include <functional>
#include <thread>

#include "support/parameter.h"

namespace woodfisher::test {

namespace {

constexpr std::size_t kThreads = 4;

// Runs work(0) ... work(count - 1), each by whichever thread is free.
void share(std::size_t count, const std::function<Status(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> done = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (std::size_t i = next++; i < count; i = next++) done += work(i).done() ? 1 : 0;
      });
    }
  }
  expect_equal(done.load(), count, "tasks that were done");
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("ranges of blocks at once", [&] {
    for (Solver solver : {Solver::kGram, Solver::kWoodbury}) {
      Parameter alone(
          {.orders = std::vector<std::size_t>(40, 31), .samples = 50, .solver = solver});
      Parameter shared = alone;
      alone.estimate(kernels);
      expect_done(kernels.invert(alone.inversion(alone.all())), "invert");
      expect_done(kernels.greedy(alone.tracing(alone.all())), "greedy");
      expect_done(kernels.update(alone.pruning(alone.all(), UpdateRule::kJoint)), "update");
      const auto two = [&](std::size_t i) { return shared.range(2 * i, 2 * i + 2); };
      share(20, [&](std::size_t i) { return kernels.initialise(two(i)); });
      share(20,
            [&](std::size_t i) { return kernels.accumulate(shared.accumulation(two(i), 0, 50)); });
      share(20, [&](std::size_t i) { return kernels.invert(shared.inversion(two(i))); });
      share(20, [&](std::size_t i) { return kernels.greedy(shared.tracing(two(i))); });
      shared.control[1] = 0;
      share(20, [&](std::size_t i) {
        return kernels.update(shared.pruning(two(i), UpdateRule::kJoint));
      });
      expect_equal(shared.control[1], 40, "blocks done");
      expect_same_bits(shared.states, alone.states, "states");
      expect_same_bits(shared.diagonal, alone.diagonal, "diagonal");
      expect_same_bits(shared.keys, alone.keys, "keys");
      expect_same_bits(shared.weights, alone.weights, "weights");
      expect_same_bits(shared.losses, alone.losses, "losses");
    }
  });

  specify("tiles of rows of one block at once", [&] {
    constexpr std::size_t kOrder = 600;
    Parameter alone({.orders = {kOrder}, .samples = 150, .low_order = true});
    Parameter shared = alone;
    alone.estimate(kernels);
    expect_done(kernels.initialise(shared.all()), "initialise");
    share(10, [&](std::size_t i) {
      AccumulateJob job = shared.accumulation(shared.all(), 0, 150);
      job.row_from = i * kOrder / 10;
      job.row_to = (i + 1) * kOrder / 10;
      return kernels.accumulate(job);
    });
    expect_same_bits(shared.states, alone.states, "states");
    expect_same_bits(shared.low_order, alone.low_order, "low order");
    expect_same_bits(shared.gradient_sum, alone.gradient_sum, "gradient sums");
    expect_same_bits(shared.square_sum, alone.square_sum, "square sums");
  });

  specify("a flag that another thread sets stops all of them", [&] {
    Parameter parameter({.orders = std::vector<std::size_t>(200, 100), .samples = 50});
    parameter.estimate(kernels);
    std::atomic<bool> stopped = false;
    std::jthread worker([&] {
      while (kernels.invert(parameter.inversion(parameter.all())).done()) {
      }
      stopped = true;
    });
    std::atomic_ref<std::int32_t> progress(parameter.control[1]);
    while (progress.load() < 10) std::this_thread::yield();
    std::atomic_ref<std::int32_t>(parameter.control[0]).store(1);
    worker.join();
    expect(stopped, "the worker came to an end");
  });
}

}  // namespace woodfisher::test
