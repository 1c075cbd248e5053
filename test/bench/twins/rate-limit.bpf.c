// Lets a source send so many packets a second: GCRA, one compare-exchange a packet, by jiffies.
#include "twin.h"

struct bucket {
	u64 arrival;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct bucket);
} buckets SEC(".maps");

volatile u32 rate = 10000000, burst = 4000000000; // changed while it runs
const volatile u32 ticks_per_second = 250;

#define TICK (1ull << 20)

static __always_inline int take(struct bucket *bucket)
{
	u32 packets = rate, most = burst;
	if (packets < 1)
		packets = 1;
	if (packets > 10000000)
		packets = 10000000;
	if (most < 1)
		most = 1;
	u64 cost = (ticks_per_second * TICK + packets / 2) / packets;
	u64 tolerance = cost * most;
	if (tolerance < TICK + cost)
		tolerance = TICK + cost;
	u64 now = bpf_jiffies64() * TICK;
#pragma unroll
	for (int attempt = 0; attempt < 3; attempt++) {
		u64 before = *(volatile u64 *)&bucket->arrival;
		u64 after = (before > now ? before : now) + cost;
		if (after - now > tolerance)
			return drop(0);
		if (__sync_bool_compare_and_swap(&bucket->arrival, before, after))
			return PASS;
	}
	__sync_fetch_and_add(&bucket->arrival, cost);
	return PASS;
}

PROGRAM
int rate_limit(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	if (data + 34 > end || AT(u16, data, 12) != ETHERTYPE_IPV4 || AT(u8, data, 14) != 0x45)
		return PASS;
	u32 length = bpf_ntohs(AT(u16, data, 16));
	if (length < 20 || 14 + length > (u64)(end - data) || AT(u16, data, 20) & bpf_htons(0x3fff))
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
	return take(bucket);
}

LICENSE;
