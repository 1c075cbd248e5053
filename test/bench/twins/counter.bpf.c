// Counts packets and bytes, for each CPU apart.
#include "twin.h"

struct traffic {
	u64 packets;
	u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct traffic);
} traffic SEC(".maps");

SEC("xdp")
int counter(struct xdp_md *ctx)
{
	u32 first = 0;
	struct traffic *total = bpf_map_lookup_elem(&traffic, &first);
	if (!total)
		return XDP_ABORTED;
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	u64 length = end - data;
	// a tag is not counted: the same packet has the same length on tc, where the hardware took it off
	if (data + 18 <= end && is_tag(AT(u16, data, 12)))
		length -= 4;
	total->packets++;
	total->bytes += length;
	return XDP_PASS;
}

LICENSE;
