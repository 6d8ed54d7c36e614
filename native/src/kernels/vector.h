// The widest vector of float64 that this translation unit may use, by its compiler flags.
// Everything under kernels/ is compiled once for each instruction set, inside a namespace of that
// name, so that the linker never replaces one set's function by another's.
#pragma once

#include <cstdint>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#ifndef WOODFISHER_ISA
#error "define WOODFISHER_ISA, the namespace of the instruction set, before including kernels"
#endif

namespace woodfisher::WOODFISHER_ISA {

#if defined(__AVX512F__)
// 32 registers of 8: a tile of 8 rows x 3 vectors keeps 24 sums, 3 operands and one broadcast.
inline constexpr int kLanes = 8;
inline constexpr int kTileRows = 8;
inline constexpr int kTileVectors = 3;
#elif defined(__AVX2__)
// 16 registers of 4: 4 rows x 2 vectors keep 8 sums, 2 operands and 4 broadcasts in flight.
inline constexpr int kLanes = 4;
inline constexpr int kTileRows = 4;
inline constexpr int kTileVectors = 2;
#elif defined(__aarch64__)
// 32 registers of 2 (NEON): 4 rows x 4 vectors keep 16 sums, 4 operands and one broadcast.
inline constexpr int kLanes = 2;
inline constexpr int kTileRows = 4;
inline constexpr int kTileVectors = 4;
#else
// 16 registers of 2 (SSE2): 2 rows x 4 vectors.
inline constexpr int kLanes = 2;
inline constexpr int kTileRows = 2;
inline constexpr int kTileVectors = 4;
#endif

// Panels are cut into strips of 8 columns whatever the vector, so that all sets share one layout.
inline constexpr int kStrip = 8;

typedef double Vector __attribute__((vector_size(kLanes * 8)));
typedef double UnalignedVector __attribute__((vector_size(kLanes * 8), aligned(8), may_alias));

inline Vector load(const double* p) {
  return *reinterpret_cast<const UnalignedVector*>(p);
}

inline void store(double* p, Vector v) {
  *reinterpret_cast<UnalignedVector*>(p) = v;
}

// kLanes float32 as float64, exactly.
typedef float NarrowVector __attribute__((vector_size(kLanes * 4)));
typedef float UnalignedNarrow __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

inline Vector widen(const float* p) {
#if defined(__AVX512F__)  // GCC 12 converts by halves, and warns of the form without a mask
  return _mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(p));
#endif
  return __builtin_convertvector(NarrowVector(*reinterpret_cast<const UnalignedNarrow*>(p)),
                                 Vector);
}

// All bits of a lane set, or none.
typedef std::int64_t Lanes __attribute__((vector_size(kLanes * 8)));

typedef signed char Bytes __attribute__((vector_size(kLanes), aligned(1), may_alias));

// Lanes whose byte is not 0.
inline Lanes lanes_of(const std::uint8_t* bytes) {
  return __builtin_convertvector(*reinterpret_cast<const Bytes*>(bytes), Lanes) != 0;
}

inline Vector select(Vector v, Lanes chosen) {
  return reinterpret_cast<Vector>(reinterpret_cast<Lanes>(v) & chosen);
}

inline double sum_of(Vector v) {
  double sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum += v[lane];
  return sum;
}

}  // namespace woodfisher::WOODFISHER_ISA
