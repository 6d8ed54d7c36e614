// Runs the specifications of one test file with the instruction set that the environment names.
// 77, which CTest reads as skipped: this processor lacks it.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "harness.h"

int main() {
  const char* wanted = std::getenv("WOODFISHER_INSTRUCTION_SET");
  const std::string name = wanted == nullptr ? "" : wanted;
  if (!name.empty() && name != "baseline" && name != "avx2" && name != "avx512") {
    std::fprintf(stderr, "no instruction set is called %s\n", wanted);
    return 1;
  }
  const woodfisher::Kernels* kernels = woodfisher::chosen_kernels();
  if (kernels == nullptr) {
    std::printf("this processor lacks %s\n", wanted);
    return 77;
  }
  std::printf("# %s\n", kernels->instruction_set);
  woodfisher::test::specifications(*kernels);
  return woodfisher::test::report();
}
