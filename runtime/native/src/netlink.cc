// One netlink request and its whole answer. What the messages mean is TypeScript's business.
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "arguments.h"
#include "error.h"
#include "parts.h"

namespace datapath {
namespace {

class Socket {
 public:
  explicit Socket(int protocol) : fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {}
  ~Socket() {
    if (fd >= 0) close(fd);
  }
  int fd;
};

// The reason that the kernel gives in words (NLMSGERR_ATTR_MSG), if any.
std::string Reason(const nlmsghdr* header) {
  if (!(header->nlmsg_flags & NLM_F_ACK_TLVS)) return {};
  size_t skip = NLMSG_HDRLEN + sizeof(nlmsgerr);
  const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(header));
  if (!(header->nlmsg_flags & NLM_F_CAPPED)) skip += error->msg.nlmsg_len - sizeof(nlmsghdr);
  const auto* bytes = reinterpret_cast<const uint8_t*>(header);
  for (size_t at = NLMSG_ALIGN(skip); at + sizeof(nlattr) <= header->nlmsg_len;) {
    nlattr attribute;
    memcpy(&attribute, bytes + at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || at + attribute.nla_len > header->nlmsg_len) break;
    if ((attribute.nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG) {
      std::string text(reinterpret_cast<const char*>(bytes) + at + sizeof attribute, attribute.nla_len - sizeof attribute);
      return text.c_str();
    }
    at += NLA_ALIGN(attribute.nla_len);
  }
  return {};
}

// (request, what it is for, strict): the messages of the answer, without the closing one. The request asks for an
// acknowledgement or is a dump; a strict one heeds what the request says of it (Linux 4.20).
Napi::Value Netlink(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Bytes request = BytesAt(info, 0);
  std::string purpose = Text(info, 1);
  if (request.size < sizeof(nlmsghdr)) throw Napi::RangeError::New(env, "netlink " + purpose + ": a message without header");
  Socket link(NETLINK_ROUTE);
  if (link.fd < 0) Fail(env, errno, "open netlink for", purpose);
  int on = 1;
  setsockopt(link.fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  setsockopt(link.fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  if (info[2].IsBoolean() && info[2].As<Napi::Boolean>().Value()) {
    if (setsockopt(link.fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on)) Fail(env, errno, "netlink", purpose);
  }
  timeval patience{10, 0};
  setsockopt(link.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (send(link.fd, request.data, request.size, 0) < 0) Fail(env, errno, "netlink", purpose);

  std::vector<uint8_t> answer;
  std::vector<uint8_t> buffer(1 << 17);
  for (;;) {
    ssize_t got = recv(link.fd, buffer.data(), buffer.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) Fail(env, errno, "netlink", purpose);
    if (static_cast<size_t>(got) > buffer.size()) Fail(env, EMSGSIZE, "netlink", purpose);
    size_t left = static_cast<size_t>(got);
    auto* header = reinterpret_cast<nlmsghdr*>(buffer.data());
    while (left >= sizeof *header && header->nlmsg_len >= sizeof *header && header->nlmsg_len <= left) {
      if (header->nlmsg_type == NLMSG_DONE) return Napi::Buffer<uint8_t>::Copy(env, answer.data(), answer.size());
      if (header->nlmsg_type == NLMSG_ERROR) {
        int error = static_cast<nlmsgerr*>(NLMSG_DATA(header))->error;
        if (error) Fail(env, error, "netlink", purpose, Reason(header));
        return Napi::Buffer<uint8_t>::Copy(env, answer.data(), answer.size());
      }
      size_t step = std::min<size_t>(NLMSG_ALIGN(header->nlmsg_len), left);
      answer.insert(answer.end(), reinterpret_cast<uint8_t*>(header), reinterpret_cast<uint8_t*>(header) + step);
      left -= step;
      header = reinterpret_cast<nlmsghdr*>(reinterpret_cast<uint8_t*>(header) + step);
    }
  }
}

}  // namespace

void ExportNetlink(Napi::Env env, Napi::Object exports) { exports.Set("netlink", Napi::Function::New(env, Netlink, "netlink")); }

}  // namespace datapath
