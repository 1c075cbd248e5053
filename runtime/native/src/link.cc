// Links: a program on a device's hook. Also what is on a hook already.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <cerrno>
#include <string>
#include <vector>

#include "arguments.h"
#include "error.h"
#include "parts.h"

namespace datapath {
namespace {

// (program fd, ifindex, attach type, flags): a descriptor
Napi::Value CreateLink(const Napi::CallbackInfo& info) {
  LIBBPF_OPTS(bpf_link_create_opts, options, .flags = Unsigned(info, 3));
  int fd = bpf_link_create(Int(info, 0), Int(info, 1), static_cast<bpf_attach_type>(Int(info, 2)), &options);
  if (fd < 0) Fail(info.Env(), errno, "attach to device", std::to_string(Int(info, 1)));
  return Napi::Number::New(info.Env(), fd);
}

int Swap(int link, int next, int expected) {
  LIBBPF_OPTS(bpf_link_update_opts, options, .flags = BPF_F_REPLACE, .old_prog_fd = static_cast<uint32_t>(expected));
  return bpf_link_update(link, next, &options) ? errno : 0;
}

// ([{ link, next, expected }, …]): all of them, or none: what was swapped is swapped back before it throws
Napi::Value SwapLinks(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  struct Step {
    int link, next, expected;
  };
  std::vector<Step> steps;
  auto list = info[0].As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) {
    auto step = list.Get(i).As<Napi::Object>();
    steps.push_back({step.Get("link").ToNumber(), step.Get("next").ToNumber(), step.Get("expected").ToNumber()});
  }
  for (size_t i = 0; i < steps.size(); i++) {
    int error = Swap(steps[i].link, steps[i].next, steps[i].expected);
    if (!error) continue;
    for (size_t back = i; back-- > 0;) Swap(steps[back].link, steps[back].expected, steps[back].next);
    Fail(env, error, "update link", std::to_string(i));
  }
  return env.Undefined();
}

// (fd): takes the program off its hook at once, whoever else holds the link
Napi::Value DetachLink(const Napi::CallbackInfo& info) {
  if (bpf_link_detach(Int(info, 0))) Fail(info.Env(), errno, "detach link", std::to_string(Int(info, 0)));
  return info.Env().Undefined();
}

// (fd): ifindex is 0 once the device has gone
Napi::Value LinkInfo(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  bpf_link_info link = {};
  uint32_t size = sizeof link;
  if (bpf_obj_get_info_by_fd(Int(info, 0), &link, &size)) Fail(env, errno, "describe link", std::to_string(Int(info, 0)));
  auto out = Napi::Object::New(env);
  out.Set("id", link.id);
  out.Set("type", link.type);
  out.Set("program", link.prog_id);
  // XDP and tcx links both begin with the interface index; the headers of older systems do not name tcx's.
  out.Set("ifindex", link.xdp.ifindex);
  return out;
}

// (ifindex): { mode, program } of XDP; mode is the kernel's XDP_ATTACHED_*
Napi::Value QueryXdp(const Napi::CallbackInfo& info) {
  LIBBPF_OPTS(bpf_xdp_query_opts, query);
  Capture capture;
  int error = bpf_xdp_query(Int(info, 0), 0, &query);
  if (error) Fail(info.Env(), error, "query XDP of device", std::to_string(Int(info, 0)));
  auto out = Napi::Object::New(info.Env());
  uint32_t program = query.prog_id;
  if (!program) program = query.drv_prog_id;
  if (!program) program = query.hw_prog_id;
  if (!program) program = query.skb_prog_id;
  out.Set("mode", static_cast<uint32_t>(query.attach_mode));
  out.Set("program", program);
  return out;
}

// (ifindex, attach type): the programs on a tcx hook, in order; undefined where the kernel has no tcx
Napi::Value QueryTcx(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uint32_t ids[64], count = 64, flags = 0;
  if (bpf_prog_query(Int(info, 0), static_cast<bpf_attach_type>(Int(info, 1)), 0, &flags, ids, &count)) {
    if (errno == EINVAL) return env.Undefined();
    Fail(env, errno, "query tcx of device", std::to_string(Int(info, 0)));
  }
  auto list = Napi::Array::New(env);
  for (uint32_t i = 0; i < count; i++) list.Set(i, ids[i]);
  return list;
}

}  // namespace

void ExportLinks(Napi::Env env, Napi::Object exports) {
  exports.Set("createLink", Napi::Function::New(env, CreateLink, "createLink"));
  exports.Set("swapLinks", Napi::Function::New(env, SwapLinks, "swapLinks"));
  exports.Set("detachLink", Napi::Function::New(env, DetachLink, "detachLink"));
  exports.Set("linkInfo", Napi::Function::New(env, LinkInfo, "linkInfo"));
  exports.Set("queryTcx", Napi::Function::New(env, QueryTcx, "queryTcx"));
  exports.Set("queryXdp", Napi::Function::New(env, QueryXdp, "queryXdp"));
}

}  // namespace datapath
