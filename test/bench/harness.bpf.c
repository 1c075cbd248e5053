// Gives the program under test the same packet each time: restores the head room that it took, writes the first bytes
// again, goes on to the next flow, then tail-calls it. Around an empty program it is the floor that is subtracted.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#define WORDS 16 // of 8 bytes: what a program may have changed

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} under_test SEC(".maps");

struct packet {
	__u32 length;
	__u32 flows;
	__u32 step; // less than flows, without a divisor in common: all flows are met, in a permuted order
	__u32 flow;
	__u64 address; // which bits of bytes 24…31 the flow's number changes
	__u64 port;    // and of bytes 32…39
	__u64 words[WORDS];
} packet SEC(".data.packet");

struct bits {
	__u64 address, port;
};

// What the next flow differs in: its number's low half in an address, the high half (above 65,535 flows) in a port.
static __always_inline struct bits next_flow(void)
{
	__u32 flow = packet.flow + packet.step;
	if (flow >= packet.flows)
		flow -= packet.flows;
	packet.flow = flow;
	__u64 low = flow & 0xffff, high = flow >> 16;
	return (struct bits){ low << 32 & packet.address, (low | high << 16 | high << 32) & packet.port };
}

SEC("xdp")
int harness(struct xdp_md *ctx)
{
	long end = ctx->data_end, start = ctx->data;
	// the length is wanted as a number, which the compiler would else fold into the packet's pointers
	asm volatile("" : "+r"(end));
	asm volatile("" : "+r"(start));
	int grown = (int)(end - start) - (int)packet.length;
	if (grown && bpf_xdp_adjust_head(ctx, grown))
		return XDP_ABORTED;

	__u64 *words = (void *)(long)ctx->data;
	if ((void *)(words + WORDS) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	struct bits flow = next_flow();
#pragma unroll
	for (int i = 0; i < WORDS; i++)
		words[i] = packet.words[i] ^ (i == 3 ? flow.address : i == 4 ? flow.port : 0);
	bpf_tail_call(ctx, &under_test, 0);
	return XDP_ABORTED;
}

// The same for tc, where a program under test keeps the packet's length.
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} under_test_tc SEC(".maps");

SEC("tc")
int harness_tc(struct __sk_buff *skb)
{
	__u64 *words = (void *)(long)skb->data;
	if ((void *)(words + WORDS) > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	struct bits flow = next_flow();
#pragma unroll
	for (int i = 0; i < WORDS; i++)
		words[i] = packet.words[i] ^ (i == 3 ? flow.address : i == 4 ? flow.port : 0);
	bpf_tail_call(skb, &under_test_tc, 0);
	return TC_ACT_SHOT;
}

SEC("tc")
int empty_tc(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("xdp")
int empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char terms[] SEC("license") = "Dual BSD/GPL";
