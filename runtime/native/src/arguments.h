// Reading arguments. TypeScript has already checked them; these keep a mistake there from becoming a memory fault.
#pragma once

#include <napi.h>

#include <string>

namespace datapath {

inline int Int(const Napi::CallbackInfo& info, size_t at) {
  if (!info[at].IsNumber()) throw Napi::TypeError::New(info.Env(), "argument " + std::to_string(at) + ": a number is needed");
  return info[at].As<Napi::Number>().Int32Value();
}

inline uint32_t Unsigned(const Napi::CallbackInfo& info, size_t at) {
  if (!info[at].IsNumber()) throw Napi::TypeError::New(info.Env(), "argument " + std::to_string(at) + ": a number is needed");
  return info[at].As<Napi::Number>().Uint32Value();
}

inline std::string Text(const Napi::CallbackInfo& info, size_t at) {
  if (!info[at].IsString()) throw Napi::TypeError::New(info.Env(), "argument " + std::to_string(at) + ": a string is needed");
  return info[at].As<Napi::String>().Utf8Value();
}

struct Bytes {
  uint8_t* data;
  size_t size;
};

inline Bytes BytesOf(Napi::Env env, Napi::Value value, const char* what) {
  if (value.IsTypedArray()) {
    auto array = value.As<Napi::TypedArray>();
    if (array.TypedArrayType() == napi_uint8_array) {
      return {static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset(), array.ByteLength()};
    }
  }
  throw Napi::TypeError::New(env, std::string(what) + ": a Uint8Array is needed");
}

inline Bytes BytesAt(const Napi::CallbackInfo& info, size_t at) {
  return BytesOf(info.Env(), info[at], ("argument " + std::to_string(at)).c_str());
}

}  // namespace datapath
