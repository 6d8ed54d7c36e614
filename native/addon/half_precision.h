// Elements of 16 bits out of files.
#pragma once

#include <napi.h>

namespace woodfisher::addon {

// widenHalf(dtype, bytes, out): the elements of a Uint8Array, "F16" or "BF16" in the order of the
// host at any alignment, as the float32 that they are exactly, payloads of NaN included.
Napi::Value widen_half(const Napi::CallbackInfo& info);

}  // namespace woodfisher::addon
