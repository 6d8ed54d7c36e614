// A multiply-add takes 4 cycles and two can start in each, so 8 chains fill the units; 24 of 32
// zmm registers and 12 of 16 ymm are as many as fit beside the two factors, and leave no doubt.
#include "chains.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace woodfisher::bench {
namespace {

constexpr double k_factor = 0.999999;
constexpr double k_summand = 1e-6;

double run_baseline(long steps) {
  constexpr int count = 8;
  double sums[count] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (long s = 0; s < steps; ++s) {
    for (double& sum : sums) sum = sum * k_factor + k_summand;
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) double run_avx2(long steps) {
  constexpr int count = 12;
  const __m256d factor = _mm256_set1_pd(k_factor);
  const __m256d summand = _mm256_set1_pd(k_summand);
  __m256d sums[count];
  for (int i = 0; i < count; ++i) sums[i] = _mm256_set1_pd(i);
  for (long s = 0; s < steps; ++s) {
#pragma GCC unroll 12
    for (int i = 0; i < count; ++i) sums[i] = _mm256_fmadd_pd(sums[i], factor, summand);
  }
  __m256d total = sums[0];
  for (int i = 1; i < count; ++i) total = _mm256_add_pd(total, sums[i]);
  return total[0] + total[1] + total[2] + total[3];
}

__attribute__((target("avx512f"))) double run_avx512(long steps) {
  constexpr int count = 24;
  const __m512d factor = _mm512_set1_pd(k_factor);
  const __m512d summand = _mm512_set1_pd(k_summand);
  __m512d sums[count];
#pragma GCC unroll 24
  for (int i = 0; i < count; ++i) sums[i] = _mm512_set1_pd(i);
  for (long s = 0; s < steps; ++s) {
#pragma GCC unroll 24
    for (int i = 0; i < count; ++i) sums[i] = _mm512_fmadd_pd(sums[i], factor, summand);
  }
  __m512d total = sums[0];
#pragma GCC unroll 24
  for (int i = 1; i < count; ++i) total = _mm512_add_pd(total, sums[i]);
  double reduced = 0;
  for (int lane = 0; lane < 8; ++lane) reduced += total[lane];
  return reduced;
}
#endif

constexpr Chains k_baseline{"baseline", 8 * 2, run_baseline};
#if defined(__x86_64__)
constexpr Chains k_avx2{"avx2", 12 * 4 * 2, run_avx2};
constexpr Chains k_avx512{"avx512", 24 * 8 * 2, run_avx512};
#endif

}  // namespace

const Chains& widest_chains() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return k_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return k_avx2;
#endif
  return k_baseline;
}

}  // namespace woodfisher::bench
