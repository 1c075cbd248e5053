// A rate by GCRA: one compare-exchange a packet, by jiffies.
#pragma once
#include "twin.h"

volatile u32 rate = 10000000, burst = 4000000000; // changed while it runs
const volatile u32 ticks_per_second = 250;

#define TICK (1ull << 20)

static __always_inline int take(u64 *arrival)
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
		u64 before = *(volatile u64 *)arrival;
		u64 after = (before > now ? before : now) + cost;
		if (after - now > tolerance)
			return drop(0);
		if (__sync_bool_compare_and_swap(arrival, before, after))
			return PASS;
	}
	__sync_fetch_and_add(arrival, cost);
	return PASS;
}

// Whether this is IPv4 without tags, options and fragments.
static __always_inline int is_limited(void *data, void *end)
{
	if (data + 34 > end || AT(u16, data, 12) != ETHERTYPE_IPV4 || AT(u8, data, 14) != 0x45)
		return 0;
	u32 length = bpf_ntohs(AT(u16, data, 16));
	return length >= 20 && 14 + length <= (u64)(end - data) && !(AT(u16, data, 20) & bpf_htons(0x3fff));
}
