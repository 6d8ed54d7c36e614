// What the system is told about the memory pages of a Uint8Array. Both functions return whether the
// platform could do it.
#pragma once

#include <napi.h>

namespace woodfisher::addon {

// releasePages(array): gives its pages back; its contents become undefined. A SharedArrayBuffer
// that is dropped keeps them until the garbage collector gets to it, long after they were needed
// elsewhere: buffers are kept and recycled, their pages are not.
Napi::Value release_pages(const Napi::CallbackInfo& info);

// useLargePages(array): its memory comes in pages of 2 MB where it is touched from now on. Batches
// are read across their rows, a page or more apart.
Napi::Value use_large_pages(const Napi::CallbackInfo& info);

}  // namespace woodfisher::addon
