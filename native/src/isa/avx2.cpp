// x86-64 with AVX2 and FMA.
#define WOODFISHER_ISA avx2
#include "kernels/table.h"

namespace woodfisher {

extern const Kernels k_avx2_kernels;
const Kernels k_avx2_kernels = avx2::table("avx2");

}  // namespace woodfisher
