// What every part of the addon throws: an Error that says what failed, on what, and why.
#pragma once

#include <bpf/libbpf.h>
#include <napi.h>

#include <cstdarg>
#include <string>

namespace datapath {

// Throws an Error with `errno` (positive), `code` ("EPERM"), `operation`, `object` and, where there is one, `log`.
[[noreturn]] void Fail(Napi::Env env, int error, const char* operation, const std::string& object,
                       const std::string& log = {});

// Gathers what libbpf would print while it lives; libbpf itself never prints.
class Capture {
 public:
  Capture();
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  const std::string& text() const { return text_; }

 private:
  friend int Keep(libbpf_print_level level, const char* format, va_list arguments);
  std::string text_;
  Capture* outer_;
};

void InstallCapture();

}  // namespace datapath
