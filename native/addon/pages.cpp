#include "pages.h"

#include <cstdint>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "fields.h"

namespace woodfisher::addon {

Napi::Value release_pages(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsTypedArray() ||
      info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(info.Env(), "releasePages takes a Uint8Array");
  }
  const auto array = info[0].As<Napi::Uint8Array>();
  bool released = false;
#if defined(__unix__) || defined(__APPLE__)
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(array.Data());
  const std::uintptr_t first = (begin + page - 1) / page * page;  // whole pages only: neighbours
  const std::uintptr_t last = (begin + array.ByteLength()) / page * page;  // are not ours
#if defined(__APPLE__)
  const int advice = MADV_FREE;
#else
  const int advice = MADV_DONTNEED;
#endif
  released = last > first && madvise(reinterpret_cast<void*>(first), last - first, advice) == 0;
#endif
  return Napi::Boolean::New(info.Env(), released);
}

}  // namespace woodfisher::addon
