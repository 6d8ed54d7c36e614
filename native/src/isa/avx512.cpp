// x86-64 with AVX-512 F, DQ, VL and BW.
#define WOODFISHER_ISA avx512
#include "kernels/table.h"

namespace woodfisher {

extern const Kernels k_avx512_kernels;
const Kernels k_avx512_kernels = avx512::table("avx512");

}  // namespace woodfisher
