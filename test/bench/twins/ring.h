// A service's backends, and the Maglev ring by which new flows choose.
#pragma once
#include "twin.h"

#define BACKENDS 128
#define PLACES 65537
#define UP 1
#define RING_TRIES 2

struct backend {
	u32 tag;
	u32 address;
	u64 mac; // in the order of a frame, the low six bytes
	u32 state;
	u32 zero;
};

// What user space writes: which ring counts, both rings, the backends.
struct {
	u32 ring;
	u32 places;
	struct backend backends[BACKENDS];
	u16 rings[2][PLACES + 1];
} balancer SEC(".data.balancer") = { .places = PLACES };

static __always_inline u64 mixed(u64 word)
{
	word *= 0x9e3779b97f4a7c15;
	return word ^ word >> 32;
}

static __always_inline struct backend *chosen(u64 key)
{
	// as the block does, by numbers in the order of the machine
	u64 hash = mixed(mixed((u64)bpf_ntohs(key >> 32) << 32 | bpf_ntohl(key)));
	u32 place = (hash & 0xffffffff) * PLACES >> 32;

	if (!balancer.places)
		return 0;
#pragma unroll
	for (int i = 0; i < RING_TRIES; i++) {
		if (place >= PLACES)
			return 0;
		struct backend *backend = &balancer.backends[balancer.rings[balancer.ring & 1][place] % BACKENDS];
		if (backend->state == UP)
			return backend;
		place = (place + 40501) % PLACES;
	}
	return 0;
}
