// Makes each frame of a live test run a datagram of the next of 1,024 flows, and sends it out of the device. A frame's memory
// comes back as its receiver left it: it is written anew, whole.
#include "../twins/twin.h"

#define WORDS 8

struct {
	u64 words[WORDS];
	u32 next, pad;
} frame SEC(".data.frame") = {};

SEC("xdp")
int send(struct xdp_md *ctx)
{
	u64 *words = (void *)(long)ctx->data;
	if ((void *)(words + WORDS) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
#pragma unroll
	for (int i = 0; i < WORDS; i++)
		words[i] = frame.words[i];
	// the source's port; the datagram has no checksum
	AT(u16, words, 34) = bpf_htons(1024 + (frame.next++ & 1023));
	return XDP_TX;
}

LICENSE;
