// woodfisher-peak THREADS SECONDS [MEBIBYTES]
//
// Prints as JSON what the machine can do at most: float64 multiply-adds on one thread and on
// THREADS, about SECONDS for each, and with MEBIBYTES the rate at which THREADS read an array of
// that size from memory.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

#include "chains.h"
#include "reading.h"

namespace woodfisher::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Keeps a result that is otherwise unused.
volatile double kept;

/// Runs `work(thread)` on so many threads at once; returns the seconds until the last has ended.
double on_threads(int count, const std::function<void(int)>& work) {
  const auto start = Clock::now();
  std::vector<std::thread> threads;
  for (int t = 1; t < count; ++t) threads.emplace_back(work, t);
  work(0);
  for (std::thread& thread : threads) thread.join();
  return seconds_since(start);
}

/// The best of five tries, in flops per second; each takes a fifth of `seconds`.
double peak_flops(int threads, double seconds) {
  const Chains& chains = widest_chains();
  long steps = 1 << 16;
  double one_try = 0;
  while (one_try < 0.01) {
    steps *= 2;
    one_try = on_threads(1, [&](int) { kept = chains.run(steps); });
  }
  steps = static_cast<long>(static_cast<double>(steps) * seconds / 5 / one_try) + 1;
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const double took = on_threads(threads, [&](int) { kept = chains.run(steps); });
    const double flops = threads * chains.flops_per_step * static_cast<double>(steps) / took;
    if (flops > best) best = flops;
  }
  return best;
}

/// The best of five passes over the array, in bytes per second.
double read_bandwidth(int threads, std::size_t mebibytes) {
  const std::vector<double> values((mebibytes << 20) / sizeof(double), 1.0);
  const std::size_t share = values.size() / threads;
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const double took =
        on_threads(threads, [&](int t) { kept = sum(values.data() + share * t, share); });
    const double rate = static_cast<double>(share * threads * sizeof(double)) / took;
    if (rate > best) best = rate;
  }
  return best;
}

}  // namespace
}  // namespace woodfisher::bench

int main(int argc, char** argv) {
  using namespace woodfisher::bench;
  const int threads = argc > 2 ? std::atoi(argv[1]) : 0;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 0;
  if (threads < 1 || !(seconds > 0)) {
    std::fprintf(stderr, "usage: woodfisher-peak THREADS SECONDS [MEBIBYTES]\n");
    return 2;
  }
  std::printf("{\"instructionSet\": \"%s\", \"threads\": %d, ", widest_chains().instruction_set,
              threads);
  std::printf("\"flopsOneThread\": %.6e, ", peak_flops(1, seconds));
  std::printf("\"flopsAllThreads\": %.6e", peak_flops(threads, seconds));
  if (argc > 3) {
    const auto mebibytes = static_cast<std::size_t>(std::atoll(argv[3]));
    std::printf(", \"readBytesPerSecond\": %.6e", read_bandwidth(threads, mebibytes));
  }
  std::printf("}\n");
  return 0;
}
