// Counting keys, counting ties and cutting, against sorting.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "support/parameter.h"

namespace woodfisher::test {

namespace {

constexpr std::size_t kDigits = 65536;

struct Selection {
  explicit Selection(const Plan& plan) : parameter(plan), mask_after(parameter.size(), 9) {
    Random random(plan.seed + 5);
    for (std::size_t c = 0; c < parameter.size(); ++c) {
      // Many equal scores, many that differ in their last bits alone, denormals and zeros.
      const int kind = random.whole(0, 4);
      double score = random.uniform();
      if (kind == 0) score = 0.25;
      if (kind == 1)
        score = std::bit_cast<double>(std::bit_cast<std::uint64_t>(0.5) + random.below(9));
      if (kind == 2) score = static_cast<double>(random.below(3)) * 0x1p-1074;
      scores.push_back(score);
    }
  }

  std::uint64_t key(std::size_t c) const { return std::bit_cast<std::uint64_t>(scores[c]); }

  CountKeysJob counting(std::size_t from, std::size_t to, unsigned level,
                        const std::vector<double>& prefixes, Guarded<double>& counts) {
    return {parameter.range(from, to), scores.data(),   parameter.mask.data(), level,
            prefixes.data(),           prefixes.size(), counts.data()};
  }

  CutJob cutting(std::size_t from, std::size_t to, double score, double last_tie) {
    return {parameter.range(from, to),
            scores.data(),
            parameter.mask.data(),
            mask_after.data(),
            parameter.plan.axes,
            score,
            last_tie};
  }

  // Weights that are there, cheapest first, ties by the model's index.
  std::vector<std::size_t> sorted() const {
    std::vector<std::size_t> order;
    for (std::size_t c = 0; c < parameter.size(); ++c) {
      if (parameter.mask[c] != 0) order.push_back(c);
    }
    std::sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
      if (scores[a] != scores[b]) return scores[a] < scores[b];
      return parameter.model[a] < parameter.model[b];
    });
    return order;
  }

  Parameter parameter;
  std::vector<double> scores;
  Guarded<std::uint8_t> mask_after;
};

Plan plan_of(std::uint64_t seed) {
  return {.orders = {1, 50, 50, 7, 128, 64}, .axes = {20, 5, 3}, .pruned = 0.2, .seed = seed};
}

// The prefixes of the scores at a level, ascending, every other one left out where `thin`.
std::vector<double> prefixes_at(const Selection& selection, unsigned level, bool thin) {
  std::vector<double> prefixes;
  if (level == 0) return {0};
  for (std::size_t c = 0; c < selection.scores.size(); ++c) {
    prefixes.push_back(static_cast<double>(selection.key(c) >> (64 - 16 * level)));
  }
  std::sort(prefixes.begin(), prefixes.end());
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
  if (!thin) return prefixes;
  std::vector<double> half;
  for (std::size_t i = 0; i < prefixes.size(); i += 2) half.push_back(prefixes[i]);
  return half;
}

void expect_keys_counted(const Kernels& kernels, Selection& selection, unsigned level, bool thin) {
  std::vector<double> prefixes = prefixes_at(selection, level, thin);
  prefixes.resize(std::min<std::size_t>(prefixes.size(), 20));  // 512 KB of counts each
  Guarded<double> counts(prefixes.size() * kDigits);
  for (std::size_t block = 0; block < selection.parameter.blocks(); ++block) {
    expect_done(kernels.count_keys(selection.counting(block, block + 1, level, prefixes, counts)),
                "count");
  }
  Guarded<double> expected(counts.size());
  for (std::size_t c = 0; c < selection.scores.size(); ++c) {
    if (selection.parameter.mask[c] == 0) continue;
    const std::uint64_t digits = selection.key(c) >> (48 - 16 * level);
    for (std::size_t r = 0; r < prefixes.size(); ++r) {
      if (static_cast<double>(digits >> 16) == prefixes[r])
        expected[r * kDigits + digits % kDigits] += 1;
    }
  }
  expect_same_bits(counts, expected, text("level ", level));
}

// The exact threshold by four passes of count_keys, then the last tie by two of count_ties: what
// the TypeScript side does, in the form for one parameter.
struct Threshold {
  double score;
  double last_tie;
};

// The digit at which the running sum of the counts passes `rank`, which becomes the rank within it.
std::size_t pick(const Guarded<double>& counts, std::size_t& rank) {
  for (std::size_t digit = 0; digit < kDigits; ++digit) {
    const auto count = static_cast<std::size_t>(counts[digit]);
    if (rank < count) return digit;
    rank -= count;
  }
  expect(false, "the counts cover the rank");
  return 0;
}

// Of the weight that stands at `rank` of the sorted ones.
Threshold find_threshold(const Kernels& kernels, Selection& selection, std::size_t rank) {
  const std::size_t blocks = selection.parameter.blocks();
  std::uint64_t key = 0;
  for (unsigned level = 0; level < 4; ++level) {
    Guarded<double> counts(kDigits);
    const std::vector<double> prefix = {static_cast<double>(key)};
    expect_done(kernels.count_keys(selection.counting(0, blocks, level, prefix, counts)), "keys");
    key = key << 16 | pick(counts, rank);
  }
  const double score = std::bit_cast<double>(key);
  std::size_t index = 0;
  for (unsigned level = 0; level < 2; ++level) {
    Guarded<double> counts(kDigits);
    const Parameter& parameter = selection.parameter;
    const CountTiesJob job = {selection.parameter.range(0, blocks),
                              selection.scores.data(),
                              parameter.mask.data(),
                              parameter.plan.axes,
                              score,
                              level,
                              static_cast<std::uint32_t>(index),
                              counts.data()};
    expect_done(kernels.count_ties(job), "ties");
    index = index << 16 | pick(counts, rank);
  }
  return {score, static_cast<double>(index)};
}

}  // namespace

void specifications(const Kernels& kernels) {
  specify("keys are counted by prefix and digit, at every level, block by block", [&] {
    for (std::uint64_t seed : {1, 2, 3}) {
      Selection selection(plan_of(seed));
      for (unsigned level = 0; level < 4; ++level) {
        expect_keys_counted(kernels, selection, level, false);
        expect_keys_counted(kernels, selection, level, true);
      }
    }
  });

  specify("threshold and last tie cut exactly the cheapest, ties by the model's index", [&] {
    for (std::uint64_t seed : {4, 5}) {
      Selection selection(plan_of(seed));
      const std::vector<std::size_t> sorted = selection.sorted();
      for (std::size_t rank = 0; rank < sorted.size(); rank += 13) {
        const auto [score, last_tie] = find_threshold(kernels, selection, rank);
        const Status status = kernels.cut(selection.cutting(0, 6, score, last_tie));
        expect_equal(status.value, static_cast<double>(rank + 1), "weights that were cut");
        Guarded<std::uint8_t> expected(selection.parameter.size());
        for (std::size_t i = rank + 1; i < sorted.size(); ++i) expected[sorted[i]] = 1;
        expect_same_bits(selection.mask_after, expected, text("seed ", seed, ", rank ", rank));
      }
    }
  });

  specify("ties of indices beyond 65535 are found", [&] {
    Selection selection(
        {.orders = {50000, 50000, 50000, 10}, .axes = {15001, 10, 1}, .first_block = 4});
    std::fill(selection.scores.begin(), selection.scores.end(), 0.5);
    for (std::size_t rank : {0, 65535, 65536, 131072, 150009}) {
      const auto [score, last_tie] = find_threshold(kernels, selection, rank);
      expect_equal(last_tie, static_cast<double>(rank), "the last tie");
      expect_equal(kernels.cut(selection.cutting(0, 4, score, last_tie)).value,
                   static_cast<double>(rank + 1), "weights that were cut");
    }
  });

  specify("without a tie to prune, only what is below the threshold goes", [&] {
    Selection selection(plan_of(6));
    expect_done(kernels.cut(selection.cutting(0, 6, 0.25, -1)), "cut");
    for (std::size_t c = 0; c < selection.scores.size(); ++c) {
      const bool stays = selection.parameter.mask[c] != 0 && selection.scores[c] >= 0.25;
      expect(selection.mask_after[c] == stays, text("weight ", c));
    }
  });

  specify("a range of blocks is cut and nothing else is written", [&] {
    Selection selection(plan_of(7));
    const Guarded<std::uint8_t> before = selection.mask_after;
    expect_done(kernels.cut(selection.cutting(2, 4, 0.3, -1)), "cut");
    expect_unchanged_outside(selection.mask_after, before, 51, 108, "range");
  });
}

}  // namespace woodfisher::test
