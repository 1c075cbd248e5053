// Lets through or drops what comes from prefixes in a trie.
#include "twin.h"

struct prefix {
	u32 length, address;
};
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1000);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, u8);
} prefixes SEC(".maps");

PROGRAM
int prefixes_trie(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *ip = plain_ipv4(data, end);
	if (!ip)
		return PASS;
	struct prefix key = { 32, AT(u32, ip, 12) };
	u8 *action = bpf_map_lookup_elem(&prefixes, &key);
	return action && *action == 2 ? drop(0) : PASS;
}

LICENSE;
