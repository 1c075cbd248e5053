#include <bpf/libbpf.h>
#include <napi.h>

#include "error.h"
#include "parts.h"

namespace {

Napi::Object Initialise(Napi::Env env, Napi::Object exports) {
  datapath::InstallCapture();
  datapath::ExportLinks(env, exports);
  datapath::ExportMaps(env, exports);
  datapath::ExportNetlink(env, exports);
  datapath::ExportObjects(env, exports);
  datapath::ExportPrograms(env, exports);
  datapath::ExportRings(env, exports);
  datapath::ExportSystem(env, exports);
  // Raised with every change of what is exported, so that a stale build is told from a fresh one.
  exports.Set("revision", Napi::Number::New(env, 8));
  exports.Set("libbpf", Napi::String::New(env, libbpf_version_string()));
  return exports;
}

}  // namespace

NODE_API_MODULE(datapath, Initialise)
