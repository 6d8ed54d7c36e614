// Which instruction set runs: the widest that this processor has, or the one that was asked for.
#include <array>
#include <cstdlib>
#include <span>
#include <string_view>

#include "woodfisher/kernels.h"

namespace woodfisher {

extern const Kernels k_baseline_kernels;
#if defined(__x86_64__)
extern const Kernels k_avx2_kernels;
extern const Kernels k_avx512_kernels;
#endif

namespace {

struct Available {
  std::array<const Kernels*, 3> tables{};
  std::size_t count = 0;

  Available() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
      tables[count++] = &k_avx512_kernels;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      tables[count++] = &k_avx2_kernels;
    }
#endif
    tables[count++] = &k_baseline_kernels;
  }
};

}  // namespace

std::span<const Kernels* const> available_kernels() {
  static const Available available;
  return {available.tables.data(), available.count};
}

namespace {

const Kernels* choose() {
  const char* wanted = std::getenv("WOODFISHER_INSTRUCTION_SET");
  if (wanted == nullptr || *wanted == '\0') return available_kernels().front();
  for (const Kernels* kernels : available_kernels()) {
    if (std::string_view(kernels->instruction_set) == wanted) return kernels;
  }
  return nullptr;
}

}  // namespace

// Asked once: every kernel call of every worker comes here, and getenv is not safe beside a setenv
// of another thread (Node's, behind process.env).
const Kernels* chosen_kernels() {
  static const Kernels* const chosen = choose();
  return chosen;
}

}  // namespace woodfisher
