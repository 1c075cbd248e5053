// Conntrack and port mapping of TCP over IPv4, without tags, fragments and options: 10.200.1.1:80 is 172.17.0.2:8080. Each
// translated flow has two entries of an LRU map, one under what clients send and one under what the container answers.
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

#define PUBLISHED IPV4(10, 200, 1, 1)
#define CONTAINER IPV4(172, 17, 0, 2)
#define PORTS(source, destination) ((u32)bpf_htons(destination) << 16 | bpf_htons(source))

const volatile u32 ticks_per_second = 250;

struct key {
	u32 low, high;
	u32 ports; // the lower address's first
	u32 protocol;
};
struct flow {
	u32 seen;
	u8 state, from_low, replied, companion;
	u64 mark;
	u64 packets[2], bytes[2];
	u32 source, destination, ports; // what a packet in the entry's own direction becomes
	u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, struct key);
	__type(value, struct flow);
} flows SEC(".maps");

static __always_inline u32 key_of(struct key *key, u32 source, u32 destination, u32 ports)
{
	u32 from_low = bpf_ntohl(source) < bpf_ntohl(destination);
	key->low = from_low ? source : destination;
	key->high = from_low ? destination : source;
	key->ports = from_low ? ports : ports >> 16 | ports << 16;
	key->protocol = 6;
	return from_low;
}

static __always_inline u32 halves(u32 word)
{
	return (word & 0xffff) + (word >> 16);
}
static __always_inline u16 folded(u32 sum)
{
	sum = halves(sum);
	return sum + (sum >> 16);
}
static __always_inline u32 changed(u32 before, u32 after)
{
	return halves(~before) + halves(after);
}

// Takes the flow on by a packet that is not a plain segment of an established one; -1 where it is none of its.
static __always_inline int advance(struct flow *flow, u8 flags, u32 reply)
{
	if (flags & RST)
		flow->state = CLOSED;
	else if (flow->state == SYN_SENT && reply && (flags & (SYN | ACK)) == (SYN | ACK))
		flow->state = SYN_RECEIVED, flow->replied = 1;
	else if (flow->state == SYN_RECEIVED && !reply && flags & ACK)
		flow->state = ESTABLISHED;
	else if (flow->state == ESTABLISHED && flags & FIN)
		flow->state = FIN_WAIT;
	else if (flow->state == SYN_SENT)
		return -1;
	return 0;
}

static __always_inline int is_over(u32 seen, u32 now, u8 state)
{
	u32 idle = now - seen;
	return idle >= (state == ESTABLISHED ? ESTABLISHED_SECONDS : OTHER_SECONDS) * ticks_per_second && idle < 1u << 31;
}

PROGRAM
int port_map(CONTEXT *ctx)
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
	struct key key;
	u32 from_low = key_of(&key, source, destination, ports);
	u8 flags = AT(u8, data, 47);
	u32 length = end - data;
	u32 now = bpf_jiffies64();
	u32 to_source, to_destination, to_ports;
	struct flow *flow = bpf_map_lookup_elem(&flows, &key);

	if (!flow) {
		if ((flags & (SYN | ACK | RST | FIN)) != SYN)
			return drop(0);
		struct flow begun = { .seen = now, .state = SYN_SENT, .from_low = from_low };
		begun.packets[0] = 1;
		begun.bytes[0] = length;
		int mapped = destination == PUBLISHED && (u16)(ports >> 16) == bpf_htons(80);
		if (mapped) {
			struct flow back = { .seen = now, .state = SYN_SENT, .companion = 1 };
			struct key reply;
			back.source = destination;
			back.destination = source;
			back.ports = ports >> 16 | ports << 16;
			begun.source = source;
			begun.destination = CONTAINER;
			begun.ports = (u16)ports | (u32)bpf_htons(8080) << 16;
			back.from_low = !key_of(&reply, CONTAINER, source, begun.ports >> 16 | begun.ports << 16);
			if (bpf_map_update_elem(&flows, &reply, &back, BPF_NOEXIST))
				return drop(3);
		}
		if (bpf_map_update_elem(&flows, &key, &begun, BPF_NOEXIST))
			return drop(1);
		if (!mapped)
			return REFLECT(ctx);
		to_source = begun.source, to_destination = begun.destination, to_ports = begun.ports;
	} else {
		u32 reply = flow->from_low != from_low;
		u32 companion = flow->companion;
		u32 plain = (flags & (SYN | ACK | RST | FIN)) == ACK;
		u32 seen = flow->seen;
		if (companion && !(flow->state == ESTABLISHED && plain)) {
			struct key original;
			key_of(&original, flow->source, flow->destination, flow->ports);
			struct flow *begun = bpf_map_lookup_elem(&flows, &original);
			if (!begun || is_over(begun->seen, now, begun->state) || advance(begun, flags, reply))
				return drop(2);
			begun->seen = flow->seen = now;
			flow->state = begun->state;
		} else {
			if (seen != now) {
				if (is_over(seen, now, flow->state))
					return drop(2);
				flow->seen = now;
			}
			if ((flow->state != ESTABLISHED || !plain) && advance(flow, flags, reply))
				return drop(2);
		}
		if (reply) {
			__sync_fetch_and_add(&flow->packets[1], 1);
			__sync_fetch_and_add(&flow->bytes[1], length);
		} else {
			__sync_fetch_and_add(&flow->packets[0], 1);
			__sync_fetch_and_add(&flow->bytes[0], length);
		}
		if (!flow->source || companion != reply)
			return REFLECT(ctx);
		to_source = flow->source, to_destination = flow->destination, to_ports = flow->ports;
	}

	u8 ttl = AT(u8, data, 22);
	if (ttl < 2)
		return PASS;
	u32 addresses = changed(source, to_source) + changed(destination, to_destination);
	AT(u32, data, 26) = to_source;
	AT(u32, data, 30) = to_destination;
	AT(u32, data, 34) = to_ports;
	AT(u8, data, 22) = ttl - 1;
	// one less in the low byte of the word at 22
	AT(u16, data, 24) = ~folded((u16)~AT(u16, data, 24) + addresses + 0xfffe);
	AT(u16, data, 50) = ~folded((u16)~AT(u16, data, 50) + addresses + changed(ports, to_ports));
	return REFLECT(ctx);
}

LICENSE;
