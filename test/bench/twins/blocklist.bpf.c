// Drops what comes from an address in a map.
#include "twin.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, u32);
} blocked SEC(".maps");

PROGRAM
int blocklist(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *ip = network_of(data, end, ETHERTYPE_IPV4);
	if (!ip || ip + 20 > end)
		return PASS;
	u32 source = bpf_ntohl(AT(u32, ip, 12));
	return bpf_map_lookup_elem(&blocked, &source) ? drop(0) : PASS;
}

LICENSE;
