// A ring buffer read on Node's own loop: epoll says when, nothing waits and no thread is made.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <uv.h>

#include <cerrno>
#include <string>
#include <vector>

#include "arguments.h"
#include "error.h"
#include "parts.h"

namespace datapath {
namespace {

// At most so many events are handed over at once, so that the loop also gets to other work.
constexpr size_t kBatch = 1024;

class Ring : public Napi::ObjectWrap<Ring> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Ring",
                       {
                           InstanceMethod<&Ring::Start>("start"),
                           InstanceMethod<&Ring::Stop>("stop"),
                           InstanceMethod<&Ring::Read>("read"),
                           InstanceMethod<&Ring::Close>("close"),
                       });
  }

  // (map fd): the descriptor stays the caller's
  explicit Ring(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Ring>(info) {
    Capture capture;
    ring_ = ring_buffer__new(Int(info, 0), Take, this, nullptr);
    if (!ring_) Fail(info.Env(), errno, "open ring", std::to_string(Int(info, 0)), capture.text());
  }

  ~Ring() override { Release(); }

 private:
  // Lives until its loop has let go of it, which may be after the ring itself is gone.
  struct Poll {
    uv_poll_t handle;
    Ring* owner;
    napi_async_cleanup_hook_handle hook;
  };

  static void ClosePoll(Poll* poll) {
    poll->owner = nullptr;
    auto* handle = reinterpret_cast<uv_handle_t*>(&poll->handle);
    if (uv_is_closing(handle)) return;
    uv_poll_stop(&poll->handle);
    uv_close(handle, [](uv_handle_t* closed) {
      auto* done = static_cast<Poll*>(closed->data);
      napi_remove_async_cleanup_hook(done->hook);
      delete done;
    });
  }

  // Node (or a worker) ends while the ring is watched: its loop must be empty before it can go.
  static void Abandon(napi_async_cleanup_hook_handle, void* data) {
    auto* poll = static_cast<Poll*>(data);
    if (poll->owner) poll->owner->poll_ = nullptr;
    ClosePoll(poll);
  }

  // Returning an error ends the walk behind this sample; the rest waits for the next call.
  static int Take(void* context, void* data, size_t size) {
    auto* self = static_cast<Ring*>(context);
    auto* bytes = static_cast<uint8_t*>(data);
    self->samples_.emplace_back(bytes, bytes + size);
    return self->samples_.size() >= kBatch ? -ECANCELED : 0;
  }

  void Open(Napi::Env env) {
    if (!ring_) throw Napi::Error::New(env, "the ring is closed");
  }

  Napi::Array Drain(Napi::Env env) {
    samples_.clear();
    int result = ring_buffer__consume(ring_);
    if (result < 0 && result != -ECANCELED) Fail(env, result, "read", "ring");
    auto list = Napi::Array::New(env, samples_.size());
    for (uint32_t i = 0; i < samples_.size(); i++) {
      list.Set(i, Napi::Buffer<uint8_t>::Copy(env, samples_[i].data(), samples_[i].size()));
    }
    samples_.clear();
    return list;
  }

  // What is there now, at most a batch.
  Napi::Value Read(const Napi::CallbackInfo& info) {
    Open(info.Env());
    return Drain(info.Env());
  }

  // (callback): called when there is something to read, until stopped
  Napi::Value Start(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    Open(env);
    if (!info[0].IsFunction()) throw Napi::TypeError::New(env, "a function is needed");
    callback_ = Napi::Persistent(info[0].As<Napi::Function>());
    if (!poll_) {
      uv_loop_t* loop = nullptr;
      napi_get_uv_event_loop(env, &loop);
      poll_ = new Poll{{}, this, nullptr};
      int error = uv_poll_init(loop, &poll_->handle, ring_buffer__epoll_fd(ring_));
      if (error) {
        delete poll_;
        poll_ = nullptr;
        Fail(env, error, "watch", "ring");
      }
      poll_->handle.data = poll_;
      napi_add_async_cleanup_hook(env, Abandon, poll_, &poll_->hook);
    }
    uv_poll_start(&poll_->handle, UV_READABLE, Ready);
    if (!referenced_) Ref();
    referenced_ = true;
    return env.Undefined();
  }

  static void Ready(uv_poll_t* handle, int status, int events) {
    Ring* self = static_cast<Poll*>(handle->data)->owner;
    if (!self) return;
    napi_env env = self->Env();
    Napi::HandleScope scope(env);
    napi_value global, failure;
    if (napi_get_global(env, &global) != napi_ok) return;
    if (napi_make_callback(env, nullptr, global, self->callback_.Value(), 0, nullptr, nullptr) == napi_ok) return;
    // A worker that is being ended runs no more JavaScript, and says so by a failure that is no error.
    bool error = false;
    if (napi_get_and_clear_last_exception(env, &failure) != napi_ok) return;
    if (napi_is_error(env, failure, &error) == napi_ok && error) napi_fatal_exception(env, failure);
  }

  void Unwatch() {
    if (poll_) uv_poll_stop(&poll_->handle);
    if (referenced_) Unref();
    referenced_ = false;
  }

  Napi::Value Stop(const Napi::CallbackInfo& info) {
    Unwatch();
    return info.Env().Undefined();
  }

  void Release() {
    if (poll_) ClosePoll(poll_);
    poll_ = nullptr;
    if (ring_) ring_buffer__free(ring_);
    ring_ = nullptr;
  }

  Napi::Value Close(const Napi::CallbackInfo& info) {
    Unwatch();
    Release();
    callback_.Reset();
    return info.Env().Undefined();
  }

  ring_buffer* ring_ = nullptr;
  Poll* poll_ = nullptr;
  bool referenced_ = false;
  Napi::FunctionReference callback_;
  std::vector<std::vector<uint8_t>> samples_;
};

}  // namespace

void ExportRings(Napi::Env env, Napi::Object exports) { exports.Set("Ring", Ring::Define(env)); }

}  // namespace datapath
