// An ELF object: opened from memory, its maps given values or replaced, loaded.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "arguments.h"
#include "error.h"
#include "parts.h"

namespace datapath {
namespace {

class ElfObject : public Napi::ObjectWrap<ElfObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "ElfObject",
                       {
                           InstanceMethod<&ElfObject::Maps>("maps"),
                           InstanceMethod<&ElfObject::Programs>("programs"),
                           InstanceMethod<&ElfObject::SetInitial>("setInitial"),
                           InstanceMethod<&ElfObject::ReuseMap>("reuseMap"),
                           InstanceMethod<&ElfObject::SetAutoload>("setAutoload"),
                           InstanceMethod<&ElfObject::Load>("load"),
                           InstanceMethod<&ElfObject::MapFd>("mapFd"),
                           InstanceMethod<&ElfObject::ProgramFd>("programFd"),
                           InstanceMethod<&ElfObject::Close>("close"),
                       });
  }

  // (bytes, name)
  explicit ElfObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ElfObject>(info) {
    Bytes bytes = BytesAt(info, 0);
    name_ = Text(info, 1);
    // libbpf keeps pointers into the file until it is closed, and JavaScript may change or free its own.
    file_.assign(bytes.data, bytes.data + bytes.size);
    Capture capture;
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = name_.c_str());
    object_ = bpf_object__open_mem(file_.data(), file_.size(), &options);
    if (!object_) Fail(info.Env(), errno, "open object", name_, capture.text());
  }

  ~ElfObject() override { Release(); }

 private:
  void Release() {
    if (object_) bpf_object__close(object_);
    object_ = nullptr;
    file_.clear();
  }

  bpf_object* Open(Napi::Env env) {
    if (!object_) throw Napi::Error::New(env, "object " + name_ + " is closed");
    return object_;
  }

  bpf_map* FindMap(Napi::Env env, const std::string& name) {
    bpf_map* map;
    bpf_object__for_each_map(map, Open(env)) {
      if (name == bpf_map__name(map)) return map;
    }
    Fail(env, ENOENT, "find map", name);
  }

  bpf_program* FindProgram(Napi::Env env, const std::string& name) {
    bpf_program* program = bpf_object__find_program_by_name(Open(env), name.c_str());
    if (!program) Fail(env, ENOENT, "find program", name);
    return program;
  }

  Napi::Value Maps(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    auto list = Napi::Array::New(env);
    bpf_map* map;
    bpf_object__for_each_map(map, Open(env)) {
      auto entry = Napi::Object::New(env);
      entry.Set("name", bpf_map__name(map));
      entry.Set("type", static_cast<uint32_t>(bpf_map__type(map)));
      entry.Set("keySize", bpf_map__key_size(map));
      entry.Set("valueSize", bpf_map__value_size(map));
      entry.Set("maxEntries", bpf_map__max_entries(map));
      entry.Set("flags", bpf_map__map_flags(map));
      entry.Set("internal", Napi::Boolean::New(env, bpf_map__is_internal(map)));
      list.Set(list.Length(), entry);
    }
    return list;
  }

  Napi::Value Programs(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    auto list = Napi::Array::New(env);
    bpf_program* program;
    bpf_object__for_each_program(program, Open(env)) {
      auto entry = Napi::Object::New(env);
      entry.Set("name", bpf_program__name(program));
      entry.Set("section", bpf_program__section_name(program));
      entry.Set("type", static_cast<uint32_t>(bpf_program__type(program)));
      entry.Set("instructions", static_cast<double>(bpf_program__insn_cnt(program)));
      list.Set(list.Length(), entry);
    }
    return list;
  }

  // (map, bytes): the first value of a global data section
  Napi::Value SetInitial(const Napi::CallbackInfo& info) {
    std::string name = Text(info, 0);
    Bytes bytes = BytesAt(info, 1);
    Capture capture;
    int error = bpf_map__set_initial_value(FindMap(info.Env(), name), bytes.data, bytes.size);
    if (error) Fail(info.Env(), error, "set initial value of map", name, capture.text());
    return info.Env().Undefined();
  }

  // (map, fd): uses an existing map; the descriptor is duplicated
  Napi::Value ReuseMap(const Napi::CallbackInfo& info) {
    std::string name = Text(info, 0);
    Capture capture;
    int error = bpf_map__reuse_fd(FindMap(info.Env(), name), Int(info, 1));
    if (error) Fail(info.Env(), error, "reuse map", name, capture.text());
    return info.Env().Undefined();
  }

  Napi::Value SetAutoload(const Napi::CallbackInfo& info) {
    std::string name = Text(info, 0);
    int error = bpf_program__set_autoload(FindProgram(info.Env(), name), info[1].ToBoolean());
    if (error) Fail(info.Env(), error, "choose program", name);
    return info.Env().Undefined();
  }

  // (logLevel): the kernel's log, which is empty at level 0 when all went well
  Napi::Value Load(const Napi::CallbackInfo& info) {
    uint32_t level = Unsigned(info, 0);
    bpf_program* program;
    bpf_object__for_each_program(program, Open(info.Env())) bpf_program__set_log_level(program, level);
    Capture capture;
    int error = bpf_object__load(object_);
    if (error) Fail(info.Env(), error, "load", name_, capture.text());
    return Napi::String::New(info.Env(), capture.text());
  }

  Napi::Value Duplicate(Napi::Env env, int fd, const char* operation, const std::string& name) {
    if (fd < 0) Fail(env, EBADF, operation, name);
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) Fail(env, errno, operation, name);
    return Napi::Number::New(env, copy);
  }

  // A descriptor of the caller's own.
  Napi::Value MapFd(const Napi::CallbackInfo& info) {
    std::string name = Text(info, 0);
    return Duplicate(info.Env(), bpf_map__fd(FindMap(info.Env(), name)), "open map", name);
  }

  Napi::Value ProgramFd(const Napi::CallbackInfo& info) {
    std::string name = Text(info, 0);
    return Duplicate(info.Env(), bpf_program__fd(FindProgram(info.Env(), name)), "open program", name);
  }

  Napi::Value Close(const Napi::CallbackInfo& info) {
    Release();
    return info.Env().Undefined();
  }

  std::string name_;
  std::vector<uint8_t> file_;
  bpf_object* object_ = nullptr;
};

}  // namespace

void ExportObjects(Napi::Env env, Napi::Object exports) { exports.Set("ElfObject", ElfObject::Define(env)); }

}  // namespace datapath
