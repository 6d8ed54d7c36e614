// Reads the fields of a job object, with the checks that keep a wrong job from touching memory that
// is not its own: every array is at least as long as the ranges of the job demand.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace woodfisher::addon {

template <typename T>
struct Elements {
  T* data;
  std::size_t length;
};

class Fields {
 public:
  explicit Fields(const Napi::CallbackInfo& info) : env_(info.Env()) {
    if (info.Length() < 1 || !info[0].IsObject()) {
      throw Napi::TypeError::New(env_, "a kernel takes one job object");
    }
    object_ = info[0].As<Napi::Object>();
  }

  double number(const char* name) const {
    const Napi::Value value = object_.Get(name);
    if (!value.IsNumber()) throw wrong(name, "a number");
    return value.As<Napi::Number>().DoubleValue();
  }

  std::size_t count(const char* name) const {
    const double value = number(name);
    if (!(value >= 0 && value <= 9007199254740992.0) ||
        value != static_cast<double>(static_cast<std::size_t>(value))) {
      throw wrong(name, "a whole number");
    }
    return static_cast<std::size_t>(value);
  }

  std::string text(const char* name) const {
    const Napi::Value value = object_.Get(name);
    if (!value.IsString()) throw wrong(name, "a string");
    return value.As<Napi::String>().Utf8Value();
  }

  bool has(const char* name) const { return !object_.Get(name).IsUndefined(); }

  Fields inside(const char* name) const {
    const Napi::Value value = object_.Get(name);
    if (!value.IsObject()) throw wrong(name, "an object");
    return Fields(env_, value.As<Napi::Object>());
  }

  // The typed array's own Data(): on Node 20 a typed array over a SharedArrayBuffer has no
  // ArrayBuffer() that Node-API would hand out.
  template <typename T, napi_typedarray_type kType>
  Elements<T> array(const char* name, std::size_t at_least) const {
    const Napi::Value value = object_.Get(name);
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != kType) {
      throw wrong(name, "a typed array of the type that the contract names");
    }
    const auto array = value.As<Napi::TypedArrayOf<T>>();
    const std::size_t length = array.ElementLength();
    if (length < at_least) {
      throw wrong(name, "at least " + std::to_string(at_least) + " elements long");
    }
    return {const_cast<T*>(array.Data()), length};
  }

  Elements<double> doubles(const char* name, std::size_t at_least) const {
    return array<double, napi_float64_array>(name, at_least);
  }
  Elements<float> floats(const char* name, std::size_t at_least) const {
    return array<float, napi_float32_array>(name, at_least);
  }
  Elements<std::uint8_t> bytes(const char* name, std::size_t at_least) const {
    return array<std::uint8_t, napi_uint8_array>(name, at_least);
  }
  Elements<std::uint32_t> indices(const char* name, std::size_t at_least) const {
    return array<std::uint32_t, napi_uint32_array>(name, at_least);
  }
  Elements<std::int32_t> words(const char* name, std::size_t at_least) const {
    return array<std::int32_t, napi_int32_array>(name, at_least);
  }

  Napi::Error wrong(const char* name, const std::string& rule) const {
    return Napi::RangeError::New(env_, "job field " + std::string(name) + " must be " + rule);
  }

 private:
  Fields(Napi::Env env, Napi::Object object) : env_(env), object_(object) {}

  Napi::Env env_;
  Napi::Object object_;
};

}  // namespace woodfisher::addon
