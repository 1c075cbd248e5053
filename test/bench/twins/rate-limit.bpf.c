// Lets a source send so many packets a second: GCRA, one compare-exchange a packet, by jiffies.
#include "pace.h"

struct bucket {
	u64 arrival;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct bucket);
} buckets SEC(".maps");

PROGRAM
int rate_limit(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	if (!is_limited(data, end))
		return PASS;
	struct bucket *bucket = bpf_map_lookup_elem(&buckets, data + 26);
	if (!bucket) {
		u32 source = AT(u32, data, 26);
		struct bucket fresh = {};
		bpf_map_update_elem(&buckets, &source, &fresh, BPF_NOEXIST);
		bucket = bpf_map_lookup_elem(&buckets, &source);
		if (!bucket)
			return PASS;
	}
	return take(&bucket->arrival);
}

LICENSE;
