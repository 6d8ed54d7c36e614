// The baseline of the target: SSE2 on x86-64, NEON on arm64.
#define WOODFISHER_ISA baseline
#include "kernels/table.h"

namespace woodfisher {

extern const Kernels k_baseline_kernels;
const Kernels k_baseline_kernels = baseline::table("baseline");

}  // namespace woodfisher
