// Conntrack of TCP over IPv4, without tags, fragments and options: an LRU map, 16 bytes of key, one line an entry.
#include "twin.h"

#define SYN_SENT 1
#define SYN_RECEIVED 2
#define ESTABLISHED 3
#define FIN_WAIT 4
#define CLOSED 8

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

#define ESTABLISHED_SECONDS 21600
#define OTHER_SECONDS 60

const volatile u32 ticks_per_second = 250;

struct key {
	u32 low, high;
	u32 ports; // the lower address's first
	u32 protocol;
};
struct flow {
	u32 seen;
	u8 state, from_low, replied, pad;
	u64 mark;
	u64 packets[2], bytes[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, struct key);
	__type(value, struct flow);
} flows SEC(".maps");

PROGRAM
int conntrack(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	if (data + 54 > end)
		return PASS;
	// version 4 without options; no fragment, TCP
	if ((AT(u32, data, 12) & 0x00ffffff) != 0x00450008 || (AT(u32, data, 20) & 0xff00ff3f) != 6 << 24)
		return PASS;
	// no more than there is
	if (14 + bpf_ntohs(AT(u16, data, 16)) > end - data)
		return PASS;

	u32 source = AT(u32, data, 26), destination = AT(u32, data, 30), ports = AT(u32, data, 34);
	u32 from_low = source < destination || (source == destination && (u16)ports < (u16)(ports >> 16));
	struct key key = {
		.low = from_low ? source : destination,
		.high = from_low ? destination : source,
		.ports = from_low ? ports : ports >> 16 | ports << 16,
		.protocol = 6,
	};
	u8 flags = AT(u8, data, 47);
	struct flow *flow = bpf_map_lookup_elem(&flows, &key);
	u32 now = bpf_jiffies64();
	if (!flow) {
		if ((flags & (SYN | ACK | RST | FIN)) != SYN)
			return drop(0);
		struct flow begun = { .seen = now, .state = SYN_SENT, .from_low = from_low };
		begun.packets[0] = 1;
		begun.bytes[0] = end - data;
		return bpf_map_update_elem(&flows, &key, &begun, BPF_NOEXIST) ? drop(1) : PASS;
	}
	u32 reply = flow->from_low != from_low;
	u32 seen = flow->seen;
	if (seen != now) {
		u32 idle = now - seen;
		if (idle >= (flow->state == ESTABLISHED ? ESTABLISHED_SECONDS : OTHER_SECONDS) * ticks_per_second && idle < 1u << 31)
			return drop(2);
		flow->seen = now;
	}
	if (flow->state != ESTABLISHED || (flags & (SYN | ACK | RST | FIN)) != ACK) {
		if (flags & RST)
			flow->state = CLOSED;
		else if (flow->state == SYN_SENT && reply && (flags & (SYN | ACK)) == (SYN | ACK))
			flow->state = SYN_RECEIVED, flow->replied = 1;
		else if (flow->state == SYN_RECEIVED && !reply && flags & ACK)
			flow->state = ESTABLISHED;
		else if (flow->state == ESTABLISHED && flags & FIN)
			flow->state = FIN_WAIT;
		else if (flow->state == SYN_SENT)
			return drop(3);
	}
	if (reply) {
		__sync_fetch_and_add(&flow->packets[1], 1);
		__sync_fetch_and_add(&flow->bytes[1], end - data);
	} else {
		__sync_fetch_and_add(&flow->packets[0], 1);
		__sync_fetch_and_add(&flow->bytes[0], end - data);
	}
	return PASS;
}

LICENSE;
