// Gives the memory pages of a typed array back to the system; its contents become undefined.
// A SharedArrayBuffer that is dropped keeps its pages until the garbage collector gets to it, long
// after they were needed elsewhere: buffers are kept and recycled, their pages are not.
#pragma once

#include <napi.h>

namespace woodfisher::addon {

// releasePages(array): true where the platform could do it.
Napi::Value release_pages(const Napi::CallbackInfo& info);

}  // namespace woodfisher::addon
