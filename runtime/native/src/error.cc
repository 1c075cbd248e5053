#include "error.h"

#include <uv.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace datapath {
namespace {

// The kernel's own numbers that never reach libc's tables.
constexpr int kNotSupportedByKernel = 524;

std::string NameOf(int error) {
  if (error == kNotSupportedByKernel) return "ENOTSUPP";
#ifdef __GLIBC__
  if (const char* name = strerrorname_np(error)) return strcmp(name, "ENOTSUP") == 0 ? "EOPNOTSUPP" : name;
#else
  char name[64];
  uv_err_name_r(-error, name, sizeof name);
  if (strncmp(name, "Unknown", 7) != 0) return strcmp(name, "ENOTSUP") == 0 ? "EOPNOTSUPP" : name;
#endif
  return "E" + std::to_string(error);
}

std::string TextOf(int error) {
  char text[128];
  libbpf_strerror(error, text, sizeof text);
  return text;
}

thread_local Capture* current = nullptr;

}  // namespace

void Fail(Napi::Env env, int error, const char* operation, const std::string& object, const std::string& log) {
  if (error < 0) error = -error;
  std::string message = std::string(operation) + " " + object + ": " + TextOf(error);
  Napi::Error thrown = Napi::Error::New(env, message);
  thrown.Set("errno", Napi::Number::New(env, error));
  thrown.Set("code", Napi::String::New(env, NameOf(error)));
  thrown.Set("operation", Napi::String::New(env, operation));
  thrown.Set("object", Napi::String::New(env, object));
  if (!log.empty()) thrown.Set("log", Napi::String::New(env, log));
  throw thrown;
}

int Keep(libbpf_print_level level, const char* format, va_list arguments) {
  if (!current) return 0;
  // Of what is said for debugging, only the verifier's log is wanted.
  if (level == LIBBPF_DEBUG && !strstr(format, "PROG LOAD LOG")) return 0;
  char* text = nullptr;
  int length = vasprintf(&text, format, arguments);
  if (length < 0) return 0;
  current->text_.append(text, static_cast<size_t>(length));
  free(text);
  return length;
}

Capture::Capture() : outer_(current) { current = this; }
Capture::~Capture() { current = outer_; }

void InstallCapture() { libbpf_set_print(Keep); }

}  // namespace datapath
