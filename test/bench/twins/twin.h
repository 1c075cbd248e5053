// What the twins share. They are written as a careful kernel engineer would write them for one purpose: constants in
// network order, wide loads, no branch that the packet at hand does not need.
#pragma once
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define LICENSE char terms[] SEC("license") = "Dual BSD/GPL"

// One source for both hooks, where the packet keeps its length.
#ifdef TC
#define PROGRAM SEC("tc")
#define CONTEXT struct __sk_buff
#define PASS TC_ACT_UNSPEC
#define DROP TC_ACT_SHOT
#define REFLECT(ctx) bpf_redirect((ctx)->ifindex, 0)
#else
#define PROGRAM SEC("xdp")
#define CONTEXT struct xdp_md
#define PASS XDP_PASS
#define DROP XDP_DROP
#define REFLECT(ctx) XDP_TX
#endif

#define AT(type, pointer, offset) (*(type *)((void *)(pointer) + (offset)))

#define ETHERTYPE_IPV4 bpf_htons(0x0800)
#define ETHERTYPE_ARP bpf_htons(0x0806)
#define ETHERTYPE_VLAN bpf_htons(0x8100)
#define ETHERTYPE_SERVICE_VLAN bpf_htons(0x88a8)

#define IPV4(a, b, c, d) bpf_htonl((u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static __always_inline int is_tag(u16 type)
{
	return type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_VLAN;
}

// Counts what is dropped, by place, as a datapath program must: one slot a place.
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u64);
} drops SEC(".maps");

static __always_inline int drop(u32 place)
{
	u64 *count = bpf_map_lookup_elem(&drops, &place);
	if (count)
		(*count)++;
	return DROP;
}

// IPv4 without tag, options or fragment, whole in the frame; else 0.
static __always_inline void *plain_ipv4(void *data, void *end)
{
	void *ip = data + 14;
	if (ip + 20 > end || AT(u16, data, 12) != ETHERTYPE_IPV4 || AT(u8, ip, 0) != 0x45)
		return 0;
	u32 length = bpf_ntohs(AT(u16, ip, 2));
	if (length < 20 || length + 14 > end - data || AT(u16, ip, 6) & bpf_htons(0x3fff))
		return 0;
	return ip;
}

// Where the network header begins, behind up to two tags; 0 where the frame is not of this type.
static __always_inline void *network_of(void *data, void *end, u16 wanted)
{
	if (data + 14 > end)
		return 0;
	u16 type = AT(u16, data, 12);
	if (type == wanted)
		return data + 14;
	if (!is_tag(type) || data + 18 > end)
		return 0;
	type = AT(u16, data, 16);
	if (type == wanted)
		return data + 18;
	if (!is_tag(type) || data + 22 > end || AT(u16, data, 20) != wanted)
		return 0;
	return data + 22;
}
