// What else the kernel is asked for: pins, locks, mounts, network namespaces.
#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "arguments.h"
#include "error.h"
#include "parts.h"

namespace datapath {
namespace {

// (fd, path)
Napi::Value Pin(const Napi::CallbackInfo& info) {
  if (bpf_obj_pin(Int(info, 0), Text(info, 1).c_str())) Fail(info.Env(), errno, "pin", Text(info, 1));
  return info.Env().Undefined();
}

// (path): a descriptor of what is pinned there
Napi::Value OpenPin(const Napi::CallbackInfo& info) {
  int fd = bpf_obj_get(Text(info, 0).c_str());
  if (fd < 0) Fail(info.Env(), errno, "open pin", Text(info, 0));
  return Napi::Number::New(info.Env(), fd);
}

// (fd): false where another holds it
Napi::Value TryLock(const Napi::CallbackInfo& info) {
  if (flock(Int(info, 0), LOCK_EX | LOCK_NB) == 0) return Napi::Boolean::New(info.Env(), true);
  if (errno == EWOULDBLOCK) return Napi::Boolean::New(info.Env(), false);
  Fail(info.Env(), errno, "lock", std::to_string(Int(info, 0)));
}

// (fd): a second descriptor of the same
Napi::Value Duplicate(const Napi::CallbackInfo& info) {
  int fd = fcntl(Int(info, 0), F_DUPFD_CLOEXEC, 3);
  if (fd < 0) Fail(info.Env(), errno, "duplicate descriptor", std::to_string(Int(info, 0)));
  return Napi::Number::New(info.Env(), fd);
}

Napi::Value CloseFd(const Napi::CallbackInfo& info) {
  close(Int(info, 0));
  return info.Env().Undefined();
}

// (path)
Napi::Value MountBpf(const Napi::CallbackInfo& info) {
  std::string path = Text(info, 0);
  if (mount("bpf", path.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME, "mode=0700")) {
    Fail(info.Env(), errno, "mount bpf on", path);
  }
  return info.Env().Undefined();
}

// The length of a timer tick: the coarse clocks move by whole ones.
Napi::Value TickNanoseconds(const Napi::CallbackInfo& info) {
  timespec tick{};
  if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick)) Fail(info.Env(), errno, "read the resolution of", "CLOCK_MONOTONIC_COARSE");
  return Napi::Number::New(info.Env(), static_cast<double>(tick.tv_sec) * 1e9 + static_cast<double>(tick.tv_nsec));
}

// Waits until every program that runs now has ended (on all processors: an RCU grace period, as the command has it since 4.3).
Napi::Value GracePeriod(const Napi::CallbackInfo& info) {
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0)) Fail(info.Env(), errno, "wait for", "a grace period");
  return info.Env().Undefined();
}

// (namespace fd, callback): runs the callback inside the network namespace and comes back, whatever it does.
// Only this thread moves, so the callback must not wait for anything.
Napi::Value InNetwork(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[1].IsFunction()) throw Napi::TypeError::New(env, "a function is needed");
  int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (home < 0) Fail(env, errno, "open", "/proc/thread-self/ns/net");
  if (setns(Int(info, 0), CLONE_NEWNET)) {
    int error = errno;
    close(home);
    Fail(env, error, "enter network namespace", std::to_string(Int(info, 0)));
  }
  struct Return {
    int home;
    ~Return() {
      // Going on in a stranger's network would be worse than ending here.
      if (setns(home, CLONE_NEWNET)) napi_fatal_error("inNetwork", NAPI_AUTO_LENGTH, "could not return to the own network namespace", NAPI_AUTO_LENGTH);
      close(home);
    }
  } back{home};
  return info[1].As<Napi::Function>().Call({});
}

}  // namespace

void ExportSystem(Napi::Env env, Napi::Object exports) {
  exports.Set("pin", Napi::Function::New(env, Pin, "pin"));
  exports.Set("openPin", Napi::Function::New(env, OpenPin, "openPin"));
  exports.Set("tryLock", Napi::Function::New(env, TryLock, "tryLock"));
  exports.Set("duplicate", Napi::Function::New(env, Duplicate, "duplicate"));
  exports.Set("closeFd", Napi::Function::New(env, CloseFd, "closeFd"));
  exports.Set("mountBpf", Napi::Function::New(env, MountBpf, "mountBpf"));
  exports.Set("tickNanoseconds", Napi::Function::New(env, TickNanoseconds, "tickNanoseconds"));
  exports.Set("gracePeriod", Napi::Function::New(env, GracePeriod, "gracePeriod"));
  exports.Set("inNetwork", Napi::Function::New(env, InNetwork, "inNetwork"));
}

}  // namespace datapath
