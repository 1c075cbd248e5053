// Programs by their descriptor: what the kernel says of them, and test runs.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <sched.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include "arguments.h"
#include "error.h"
#include "parts.h"

namespace datapath {
namespace {

// (fd)
Napi::Value ProgramInfo(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int fd = Int(info, 0);
  bpf_prog_info program = {};
  uint32_t size = sizeof program;
  if (bpf_obj_get_info_by_fd(fd, &program, &size)) Fail(env, errno, "describe program", std::to_string(fd));
  std::vector<uint32_t> maps(program.nr_map_ids);
  bpf_prog_info again = {};
  again.nr_map_ids = program.nr_map_ids;
  again.map_ids = reinterpret_cast<uintptr_t>(maps.data());
  size = sizeof again;
  if (bpf_obj_get_info_by_fd(fd, &again, &size)) Fail(env, errno, "describe program", program.name);
  char tag[2 * BPF_TAG_SIZE + 1] = "";
  for (int i = 0; i < BPF_TAG_SIZE; i++) snprintf(tag + 2 * i, 3, "%02x", program.tag[i]);

  auto out = Napi::Object::New(env);
  out.Set("id", program.id);
  out.Set("name", program.name);
  out.Set("type", program.type);
  out.Set("tag", tag);
  out.Set("instructions", program.xlated_prog_len / 8);
  out.Set("jitedBytes", program.jited_prog_len);
  out.Set("verifiedInstructions", program.verified_insns);
  out.Set("runs", Napi::BigInt::New(env, static_cast<uint64_t>(program.run_cnt)));
  out.Set("runNanoseconds", Napi::BigInt::New(env, static_cast<uint64_t>(program.run_time_ns)));
  auto list = Napi::Array::New(env);
  for (size_t i = 0; i < maps.size() && i < again.nr_map_ids; i++) list.Set(static_cast<uint32_t>(i), maps[i]);
  out.Set("maps", list);
  return out;
}

// (fd): the instructions as the kernel keeps them, 8 bytes each; empty where it may not be seen
Napi::Value TranslatedInstructions(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int fd = Int(info, 0);
  bpf_prog_info program = {};
  uint32_t size = sizeof program;
  if (bpf_obj_get_info_by_fd(fd, &program, &size)) Fail(env, errno, "describe program", std::to_string(fd));
  uint32_t length = program.xlated_prog_len;
  auto bytes = Napi::Buffer<uint8_t>::New(env, length);
  bpf_prog_info again = {};
  again.xlated_prog_len = length;
  again.xlated_prog_insns = reinterpret_cast<uintptr_t>(bytes.Data());
  size = sizeof again;
  if (bpf_obj_get_info_by_fd(fd, &again, &size)) Fail(env, errno, "read program", program.name);
  return bytes;
}

// (id): a descriptor, or undefined where it is gone
Napi::Value ProgramById(const Napi::CallbackInfo& info) {
  int fd = bpf_prog_get_fd_by_id(Unsigned(info, 0));
  if (fd < 0 && errno == ENOENT) return info.Env().Undefined();
  if (fd < 0) Fail(info.Env(), errno, "open program", std::to_string(Unsigned(info, 0)));
  return Napi::Number::New(info.Env(), fd);
}

Bytes Optional(Napi::Env env, Napi::Object options, const char* name) {
  Napi::Value value = options.Get(name);
  if (value.IsUndefined()) return {nullptr, 0};
  return BytesOf(env, value, name);
}

uint32_t Number(Napi::Object options, const char* name) {
  Napi::Value value = options.Get(name);
  return value.IsNumber() ? value.As<Napi::Number>().Uint32Value() : 0;
}

// Keeps this thread on one processor, always the same: what test runs leave in per-CPU maps is then in one slot.
class OneProcessor {
 public:
  OneProcessor() {
    if (sched_getaffinity(0, sizeof before_, &before_)) return;
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
      if (!CPU_ISSET(cpu, &before_)) continue;
      CPU_SET(cpu, &one);
      break;
    }
    changed_ = sched_setaffinity(0, sizeof one, &one) == 0;
  }
  ~OneProcessor() {
    if (changed_) sched_setaffinity(0, sizeof before_, &before_);
  }

 private:
  cpu_set_t before_;
  bool changed_ = false;
};

// (fd, { data, context, room, contextRoom, repeat, flags, cpu, batch }): { retval, duration, data, context }
Napi::Value TestRun(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int fd = Int(info, 0);
  if (!info[1].IsObject()) throw Napi::TypeError::New(env, "options are needed");
  auto options = info[1].As<Napi::Object>();
  Bytes data = Optional(env, options, "data"), context = Optional(env, options, "context");
  std::vector<uint8_t> out(Number(options, "room")), contextOut(Number(options, "contextRoom"));
  LIBBPF_OPTS(bpf_test_run_opts, run);
  run.data_in = data.data;
  run.data_size_in = static_cast<uint32_t>(data.size);
  run.data_out = out.empty() ? nullptr : out.data();
  run.data_size_out = static_cast<uint32_t>(out.size());
  run.ctx_in = context.data;
  run.ctx_size_in = static_cast<uint32_t>(context.size);
  run.ctx_out = contextOut.empty() ? nullptr : contextOut.data();
  run.ctx_size_out = static_cast<uint32_t>(contextOut.size());
  run.repeat = static_cast<int>(Number(options, "repeat"));
  run.flags = Number(options, "flags");
  run.cpu = Number(options, "cpu");
  run.batch_size = Number(options, "batch");
  OneProcessor stay;
  if (bpf_prog_test_run_opts(fd, &run)) Fail(env, errno, "test run of program", std::to_string(fd));
  auto result = Napi::Object::New(env);
  result.Set("retval", run.retval);
  result.Set("duration", run.duration);
  result.Set("data", Napi::Buffer<uint8_t>::Copy(env, out.data(), std::min<size_t>(out.size(), run.data_size_out)));
  result.Set("context", Napi::Buffer<uint8_t>::Copy(env, contextOut.data(), std::min<size_t>(contextOut.size(), run.ctx_size_out)));
  return result;
}

// (program type)
Napi::Value ProbeProgramType(const Napi::CallbackInfo& info) {
  Capture capture;
  return Napi::Boolean::New(info.Env(), libbpf_probe_bpf_prog_type(static_cast<bpf_prog_type>(Int(info, 0)), nullptr) == 1);
}

// (map type)
Napi::Value ProbeMapType(const Napi::CallbackInfo& info) {
  Capture capture;
  return Napi::Boolean::New(info.Env(), libbpf_probe_bpf_map_type(static_cast<bpf_map_type>(Int(info, 0)), nullptr) == 1);
}

// (program type, helper number)
Napi::Value ProbeHelper(const Napi::CallbackInfo& info) {
  Capture capture;
  int result = libbpf_probe_bpf_helper(static_cast<bpf_prog_type>(Int(info, 0)), static_cast<bpf_func_id>(Int(info, 1)), nullptr);
  return Napi::Boolean::New(info.Env(), result == 1);
}

}  // namespace

void ExportPrograms(Napi::Env env, Napi::Object exports) {
  exports.Set("programInfo", Napi::Function::New(env, ProgramInfo, "programInfo"));
  exports.Set("translatedInstructions", Napi::Function::New(env, TranslatedInstructions, "translatedInstructions"));
  exports.Set("programById", Napi::Function::New(env, ProgramById, "programById"));
  exports.Set("testRun", Napi::Function::New(env, TestRun, "testRun"));
  exports.Set("probeProgramType", Napi::Function::New(env, ProbeProgramType, "probeProgramType"));
  exports.Set("probeMapType", Napi::Function::New(env, ProbeMapType, "probeMapType"));
  exports.Set("probeHelper", Napi::Function::New(env, ProbeHelper, "probeHelper"));
}

}  // namespace datapath
