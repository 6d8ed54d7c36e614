#include "pages.h"

#include <cstddef>
#include <cstdint>
#include <string>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "fields.h"

namespace woodfisher::addon {

namespace {

// The whole pages of an array: its neighbours on the first and the last one are not ours.
struct Pages {
  void* begin = nullptr;
  std::size_t bytes = 0;
};

Pages pages_of(const Napi::CallbackInfo& info, const char* function) {
  if (info.Length() < 1 || !info[0].IsTypedArray() ||
      info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(info.Env(), std::string(function) + " takes a Uint8Array");
  }
#if defined(__unix__) || defined(__APPLE__)
  const auto array = info[0].As<Napi::Uint8Array>();
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(array.Data());
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + array.ByteLength()) / page * page;
  if (last > first) return {reinterpret_cast<void*>(first), last - first};
#endif
  return {};
}

[[maybe_unused]] bool advise(Pages pages, int advice) {
#if defined(__unix__) || defined(__APPLE__)
  return pages.bytes > 0 && madvise(pages.begin, pages.bytes, advice) == 0;
#else
  return false;
#endif
}

}  // namespace

Napi::Value release_pages(const Napi::CallbackInfo& info) {
  const Pages pages = pages_of(info, "releasePages");
#if defined(__APPLE__)
  const bool released = advise(pages, MADV_FREE);
#elif defined(__unix__)
  const bool released = advise(pages, MADV_DONTNEED);
#else
  const bool released = false;
#endif
  return Napi::Boolean::New(info.Env(), released);
}

Napi::Value use_large_pages(const Napi::CallbackInfo& info) {
  [[maybe_unused]] const Pages pages = pages_of(info, "useLargePages");
#if defined(MADV_HUGEPAGE)
  const bool used = advise(pages, MADV_HUGEPAGE);
#else
  const bool used = false;
#endif
  return Napi::Boolean::New(info.Env(), used);
}

}  // namespace woodfisher::addon
