#include "half_precision.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace woodfisher::addon {

namespace {

std::uint32_t from_bfloat16(std::uint16_t bits) {
  return std::uint32_t{bits} << 16;
}

// Without branches, so that it becomes vector code: hardware's own conversion would make quiet NaNs
// of signalling ones.
std::uint32_t from_float16(std::uint16_t bits) {
  const std::int32_t magnitude = bits & 0x7fff;
  const std::int32_t is_subnormal = (magnitude - 0x400) >> 31;  // all bits, or none
  const std::int32_t is_special = (0x7bff - magnitude) >> 31;   // infinities and NaN
  constexpr std::int32_t kBias = 112 << 23;                     // by which the exponents differ
  const std::int32_t normal = (magnitude << 13) + kBias + (is_special & kBias);
  const auto subnormal = std::bit_cast<std::int32_t>(static_cast<float>(magnitude) * 0x1p-24f);
  const std::int32_t wide = normal ^ ((normal ^ subnormal) & is_subnormal);
  return (std::uint32_t{bits} << 16 & 0x80000000) | static_cast<std::uint32_t>(wide);
}

template <std::uint32_t (*kWiden)(std::uint16_t)>
void widen(const std::uint8_t* from, float* to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t half;
    std::memcpy(&half, from + 2 * i, 2);
    const std::uint32_t bits = kWiden(half);
    std::memcpy(to + i, &bits, 4);
  }
}

bool is_array(const Napi::Value& value, napi_typedarray_type type) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == type;
}

}  // namespace

Napi::Value widen_half(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 3 || !info[0].IsString() || !is_array(info[1], napi_uint8_array) ||
      !is_array(info[2], napi_float32_array)) {
    throw Napi::TypeError::New(env, "widenHalf takes a dtype, a Uint8Array and a Float32Array");
  }
  const std::string dtype = info[0].As<Napi::String>();
  const auto bytes = info[1].As<Napi::Uint8Array>();
  auto out = info[2].As<Napi::Float32Array>();
  const std::size_t count = out.ElementLength();
  if (bytes.ByteLength() != 2 * count) {
    throw Napi::RangeError::New(env, "widenHalf takes two bytes for each element");
  }
  if (dtype == "BF16") {
    widen<from_bfloat16>(bytes.Data(), out.Data(), count);
  } else if (dtype == "F16") {
    widen<from_float16>(bytes.Data(), out.Data(), count);
  } else {
    throw Napi::TypeError::New(env, "widenHalf takes F16 or BF16, but is given " + dtype);
  }
  return env.Undefined();
}

}  // namespace woodfisher::addon
