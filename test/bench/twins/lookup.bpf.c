// A hash lookup by 8 bytes: source address and both ports of TCP over IPv4 without options.
#include "twin.h"

struct key {
	u32 source;
	u32 ports;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct key);
	__type(value, u64);
} flows SEC(".maps");

PROGRAM
int lookup(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *ip = network_of(data, end, ETHERTYPE_IPV4);
	if (!ip || ip + 20 > end || AT(u8, ip, 9) != 6)
		return PASS;
	u32 length = (AT(u8, ip, 0) & 15) * 4;
	if (length < 20)
		return PASS;
	void *tcp = ip + length;
	if (tcp + 20 > end)
		return PASS;
	struct key key = { .source = AT(u32, ip, 12), .ports = AT(u32, tcp, 0) };
	u64 *mark = bpf_map_lookup_elem(&flows, &key);
	return mark && *mark != 99 ? PASS : drop(0);
}

LICENSE;
