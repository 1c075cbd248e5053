// A map by its descriptor: single entries, walks and batches. Sizes are the kernel's own, so no buffer can be too short.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "arguments.h"
#include "error.h"
#include "parts.h"

namespace datapath {
namespace {

bool PerCpu(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
         type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

class KernelMap : public Napi::ObjectWrap<KernelMap> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "KernelMap",
                       {
                           InstanceAccessor<&KernelMap::Fd>("fd"),
                           InstanceMethod<&KernelMap::Info>("info"),
                           InstanceMethod<&KernelMap::Lookup>("lookup"),
                           InstanceMethod<&KernelMap::Update>("update"),
                           InstanceMethod<&KernelMap::Delete>("delete"),
                           InstanceMethod<&KernelMap::Take>("take"),
                           InstanceMethod<&KernelMap::NextKey>("nextKey"),
                           InstanceMethod<&KernelMap::LookupBatch>("lookupBatch"),
                           InstanceMethod<&KernelMap::UpdateBatch>("updateBatch"),
                           InstanceMethod<&KernelMap::DeleteBatch>("deleteBatch"),
                           InstanceMethod<&KernelMap::Freeze>("freeze"),
                           InstanceMethod<&KernelMap::Poke>("poke"),
                           InstanceMethod<&KernelMap::Memory>("memory"),
                           InstanceMethod<&KernelMap::CompareExchange>("compareExchange"),
                           InstanceMethod<&KernelMap::Close>("close"),
                       });
  }

  // (fd): the descriptor now belongs to this object
  explicit KernelMap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<KernelMap>(info) {
    int fd = Int(info, 0);
    uint32_t size = sizeof info_;
    if (bpf_obj_get_info_by_fd(fd, &info_, &size)) Fail(info.Env(), errno, "describe map", std::to_string(fd));
    fd_ = fd;
    cpus_ = 1;
    valueBytes_ = info_.value_size;
    if (PerCpu(info_.type)) {
      int cpus = libbpf_num_possible_cpus();
      if (cpus < 0) Fail(info.Env(), cpus, "count processors for map", info_.name);
      cpus_ = static_cast<uint32_t>(cpus);
      valueBytes_ = (static_cast<size_t>(info_.value_size) + 7) / 8 * 8 * cpus_;
    }
  }

  ~KernelMap() override { Release(); }

 private:
  void Release() {
    if (fd_ >= 0) close(fd_);
    if (mapped_) munmap(mapped_, info_.value_size);
    fd_ = -1;
    mapped_ = nullptr;
  }

  // The value of an array of one entry, shared with the kernel; null where it cannot be mapped.
  uint8_t* Mapped(Napi::Env env) {
    if (mapped_ || info_.type != BPF_MAP_TYPE_ARRAY || !(info_.map_flags & BPF_F_MMAPABLE)) return mapped_;
    void* memory = mmap(nullptr, info_.value_size, PROT_READ | PROT_WRITE, MAP_SHARED, Open(env), 0);
    if (memory != MAP_FAILED) mapped_ = static_cast<uint8_t*>(memory);
    return mapped_;
  }

  // (): the value as memory that is shared with the kernel; undefined where it cannot be mapped. It outlives this object.
  Napi::Value Memory(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (info_.type != BPF_MAP_TYPE_ARRAY || !(info_.map_flags & BPF_F_MMAPABLE)) return env.Undefined();
    size_t size = info_.value_size;
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, Open(env), 0);
    if (memory == MAP_FAILED) return env.Undefined();
    return Napi::ArrayBuffer::New(env, memory, size, [size](Napi::Env, void* data) { munmap(data, size); });
  }

  // (offset, expected, next): whether the word (u64) was what was expected, and is `next` now
  Napi::Value CompareExchange(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    uint32_t offset = Unsigned(info, 0);
    bool exact;
    uint64_t expected = info[1].As<Napi::BigInt>().Uint64Value(&exact), next = info[2].As<Napi::BigInt>().Uint64Value(&exact);
    if (offset % 8 != 0 || info_.value_size < 8 || offset > info_.value_size - 8) {
      throw Napi::RangeError::New(env, std::string("map ") + info_.name + ": there is no word at " + std::to_string(offset));
    }
    uint8_t* memory = Mapped(env);
    if (!memory) Fail(env, ENODEV, "map the memory of map", info_.name);
    bool done = __atomic_compare_exchange_n(reinterpret_cast<uint64_t*>(memory + offset), &expected, next, false, __ATOMIC_SEQ_CST,
                                            __ATOMIC_SEQ_CST);
    return Napi::Boolean::New(env, done);
  }

  int Open(Napi::Env env) {
    if (fd_ < 0) throw Napi::Error::New(env, std::string("map ") + info_.name + " is closed");
    return fd_;
  }

  const void* Key(const Napi::CallbackInfo& info, size_t at) {
    Bytes key = BytesAt(info, at);
    if (key.size != info_.key_size) {
      throw Napi::RangeError::New(info.Env(), std::string("map ") + info_.name + ": a key of " + std::to_string(key.size) +
                                                  " bytes; it takes " + std::to_string(info_.key_size));
    }
    return key.data;
  }

  // The number of entries that `bytes` holds.
  uint32_t Count(const Napi::CallbackInfo& info, Bytes bytes, size_t each, const char* what) {
    if (each == 0 || bytes.size == 0 || bytes.size % each != 0) {
      throw Napi::RangeError::New(info.Env(), std::string("map ") + info_.name + ": " + what + " of " +
                                                  std::to_string(bytes.size) + " bytes; each takes " + std::to_string(each));
    }
    return static_cast<uint32_t>(bytes.size / each);
  }

  Napi::Value Fd(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), fd_); }

  Napi::Value Info(const Napi::CallbackInfo& info) {
    auto out = Napi::Object::New(info.Env());
    out.Set("id", info_.id);
    out.Set("name", info_.name);
    out.Set("type", info_.type);
    out.Set("keySize", info_.key_size);
    out.Set("valueSize", info_.value_size);
    out.Set("maxEntries", info_.max_entries);
    out.Set("flags", info_.map_flags);
    out.Set("slots", cpus_);
    return out;
  }

  // (key): the value, of every processor for per-CPU kinds (each padded to 8 bytes)
  Napi::Value Lookup(const Napi::CallbackInfo& info) {
    const void* key = Key(info, 0);
    auto value = Napi::Buffer<uint8_t>::New(info.Env(), valueBytes_);
    if (bpf_map_lookup_elem(Open(info.Env()), key, value.Data())) {
      if (errno == ENOENT) return info.Env().Undefined();
      Fail(info.Env(), errno, "read map", info_.name);
    }
    return value;
  }

  // (key, value, flags)
  Napi::Value Update(const Napi::CallbackInfo& info) {
    const void* key = Key(info, 0);
    Bytes value = BytesAt(info, 1);
    if (Count(info, value, valueBytes_, "a value") != 1) throw Napi::RangeError::New(info.Env(), "one value is needed");
    if (bpf_map_update_elem(Open(info.Env()), key, value.data, Unsigned(info, 2))) Fail(info.Env(), errno, "write map", info_.name);
    return info.Env().Undefined();
  }

  // (key): whether it was there
  Napi::Value Delete(const Napi::CallbackInfo& info) {
    if (bpf_map_delete_elem(Open(info.Env()), Key(info, 0))) {
      if (errno == ENOENT) return Napi::Boolean::New(info.Env(), false);
      Fail(info.Env(), errno, "delete from map", info_.name);
    }
    return Napi::Boolean::New(info.Env(), true);
  }

  // (key): the value as it was when the entry was deleted, or undefined where there was none
  Napi::Value Take(const Napi::CallbackInfo& info) {
    const void* key = Key(info, 0);
    auto value = Napi::Buffer<uint8_t>::New(info.Env(), valueBytes_);
    if (bpf_map_lookup_and_delete_elem(Open(info.Env()), key, value.Data())) {
      if (errno == ENOENT) return info.Env().Undefined();
      Fail(info.Env(), errno, "take from map", info_.name);
    }
    return value;
  }

  // (key or undefined): the key behind it
  Napi::Value NextKey(const Napi::CallbackInfo& info) {
    const void* key = info[0].IsUndefined() ? nullptr : Key(info, 0);
    auto next = Napi::Buffer<uint8_t>::New(info.Env(), info_.key_size);
    if (bpf_map_get_next_key(Open(info.Env()), key, next.Data())) {
      if (errno == ENOENT) return info.Env().Undefined();
      Fail(info.Env(), errno, "walk map", info_.name);
    }
    return next;
  }

  // (cursor or undefined, count): { keys, values, count, cursor }; the cursor is undefined at the end
  Napi::Value LookupBatch(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    size_t cursorSize = std::max<size_t>(info_.key_size, 8);
    Bytes cursor{nullptr, 0};
    if (!info[0].IsUndefined()) {
      cursor = BytesAt(info, 0);
      if (cursor.size != cursorSize) throw Napi::RangeError::New(env, "a cursor of another map");
    }
    uint32_t count = Unsigned(info, 1);
    size_t keyRoom = static_cast<size_t>(count) * info_.key_size;
    std::vector<uint8_t> keys(keyRoom), values(static_cast<size_t>(count) * valueBytes_), next(cursorSize);
    LIBBPF_OPTS(bpf_map_batch_opts, options);
    int result = bpf_map_lookup_batch(Open(env), cursor.data, next.data(), keys.data(), values.data(), &count, &options);
    bool end = result && errno == ENOENT;
    if (result && !end) Fail(env, errno, "read map in batches", info_.name);
    auto out = Napi::Object::New(env);
    out.Set("count", count);
    out.Set("keys", Napi::Buffer<uint8_t>::Copy(env, keys.data(), static_cast<size_t>(count) * info_.key_size));
    out.Set("values", Napi::Buffer<uint8_t>::Copy(env, values.data(), static_cast<size_t>(count) * valueBytes_));
    if (!end) out.Set("cursor", Napi::Buffer<uint8_t>::Copy(env, next.data(), next.size()));
    return out;
  }

  // (keys, values, flags)
  Napi::Value UpdateBatch(const Napi::CallbackInfo& info) {
    Bytes keys = BytesAt(info, 0), values = BytesAt(info, 1);
    uint32_t count = Count(info, keys, info_.key_size, "keys");
    if (Count(info, values, valueBytes_, "values") != count) throw Napi::RangeError::New(info.Env(), "as many values as keys are needed");
    LIBBPF_OPTS(bpf_map_batch_opts, options, .elem_flags = Unsigned(info, 2));
    if (bpf_map_update_batch(Open(info.Env()), keys.data, values.data, &count, &options)) {
      Fail(info.Env(), errno, "write map in batches", info_.name);
    }
    return Napi::Number::New(info.Env(), count);
  }

  Napi::Value DeleteBatch(const Napi::CallbackInfo& info) {
    Bytes keys = BytesAt(info, 0);
    uint32_t count = Count(info, keys, info_.key_size, "keys");
    LIBBPF_OPTS(bpf_map_batch_opts, options);
    if (bpf_map_delete_batch(Open(info.Env()), keys.data, &count, &options)) {
      Fail(info.Env(), errno, "delete from map in batches", info_.name);
    }
    return Napi::Number::New(info.Env(), count);
  }

  // (offset, bytes): stores a part of a data section's value through shared memory, whole where it is 1, 2, 4 or 8 aligned
  // bytes; false where the map cannot be mapped
  Napi::Value Poke(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    uint32_t offset = Unsigned(info, 0);
    Bytes bytes = BytesAt(info, 1);
    if (offset > info_.value_size || bytes.size > info_.value_size - offset) {
      throw Napi::RangeError::New(env, std::string("map ") + info_.name + ": the part is outside of its value");
    }
    if (info_.type != BPF_MAP_TYPE_ARRAY || !(info_.map_flags & BPF_F_MMAPABLE)) return Napi::Boolean::New(env, false);
    void* memory = mmap(nullptr, info_.value_size, PROT_READ | PROT_WRITE, MAP_SHARED, Open(env), 0);
    if (memory == MAP_FAILED) return Napi::Boolean::New(env, false);
    Store(static_cast<uint8_t*>(memory) + offset, bytes);
    munmap(memory, info_.value_size);
    return Napi::Boolean::New(env, true);
  }

  template <typename T>
  static bool StoreAs(uint8_t* to, Bytes bytes) {
    if (bytes.size != sizeof(T) || reinterpret_cast<uintptr_t>(to) % sizeof(T) != 0) return false;
    T value;
    memcpy(&value, bytes.data, sizeof value);
    __atomic_store_n(reinterpret_cast<T*>(to), value, __ATOMIC_RELAXED);
    return true;
  }

  static void Store(uint8_t* to, Bytes bytes) {
    if (StoreAs<uint64_t>(to, bytes) || StoreAs<uint32_t>(to, bytes) || StoreAs<uint16_t>(to, bytes)) return;
    memcpy(to, bytes.data, bytes.size);
  }

  Napi::Value Freeze(const Napi::CallbackInfo& info) {
    if (bpf_map_freeze(Open(info.Env()))) Fail(info.Env(), errno, "freeze map", info_.name);
    return info.Env().Undefined();
  }

  Napi::Value Close(const Napi::CallbackInfo& info) {
    Release();
    return info.Env().Undefined();
  }

  int fd_ = -1;
  uint8_t* mapped_ = nullptr;
  uint32_t cpus_ = 1;
  size_t valueBytes_ = 0;
  bpf_map_info info_ = {};
};

}  // namespace

void ExportMaps(Napi::Env env, Napi::Object exports) { exports.Set("KernelMap", KernelMap::Define(env)); }

}  // namespace datapath
