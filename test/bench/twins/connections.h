// Connections over IPv4 without tags, fragments and options: TCP by RFC 9293's states, UDP and other protocols by who has
// answered, echoes by their identifier, ICMP errors by the packet that they quote. (SCTP is here a protocol as any other.) The
// table is the kernel's LRU map, or with FLOW_TABLE the set-associative one; with TRANSLATES entries say what packets become.
#pragma once
#include "twin.h"

enum {
	NONE, SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSED, SYN_SENT_TWICE,
	PICKED_UP, SYN_RECEIVED_TWICE, DATAGRAM, DATAGRAM_REPLIED, QUERY, OTHER, OTHER_REPLIED,
};
enum { IGNORED = 14, INVALID = 15 }; // beside TCP's states

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10
#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17

const volatile u32 ticks_per_second = 250;
// how long a flow may idle, by state; changed by who loads this
const volatile u32 seconds[32] = { 600, 60, 60, 21600, 30, 30, 30, 30, 10, 60, 300, 60, 30, 180, 30, 600, 600 };

struct way {
	u32 source, destination, ports; // the source's port in the low half, as they stand in a packet
};
// What an entry's first word holds.
#define FROM_LOW (1u << 8)
#define REPLIED (1u << 16)
#define COMPANION (1u << 24)
struct entry {
	u32 state, seen;
	u64 packets[2], bytes[2];
#ifdef TRANSLATES
	struct way becomes; // what a packet in the entry's own direction becomes; nothing where source is 0
	u32 pad;
#endif
#ifndef FLOW_TABLE
	u32 mark, user;
#endif
};
struct key {
	u64 addresses, rest;
};

#ifdef FLOW_TABLE
#define FT_VALUE struct entry
#include "flow-table.h"
typedef struct ft_moment moment;
#else
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, struct key);
	__type(value, struct entry);
} flows SEC(".maps");
typedef struct {
	u32 state, seen;
} moment;
#endif

// Both directions have one key: the lower end first. Whether that is the source.
static __always_inline u32 key_of(struct key *key, const struct way *way, u64 protocol)
{
	u64 a = (u64)way->source << 16 | (u16)way->ports, b = (u64)way->destination << 16 | way->ports >> 16;
	u32 from_low = a < b;
	u64 low = from_low ? a : b, high = from_low ? b : a;
	key->addresses = low >> 16 | high >> 16 << 32;
	key->rest = (u16)low | (u64)(u16)high << 16 | protocol << 32;
	return from_low;
}

static __always_inline struct entry *find(const struct key *key, u32 now, moment *was)
{
#ifdef FLOW_TABLE
	struct ft_slot *slot = ft_find(key->addresses, key->rest, now, was);
	return slot ? &slot->value : 0;
#else
	struct entry *entry = bpf_map_lookup_elem(&flows, key);
	was->state = entry ? entry->state : 0;
	was->seen = entry ? entry->seen : 0;
	return entry;
#endif
}

static __always_inline void become(struct entry *entry, moment *was, u32 state)
{
	if (was->state == state)
		return;
#ifdef FLOW_TABLE
	u32 bare = state & 255;
	ft_become((void *)entry - 24, was, state, bare == ESTABLISHED || bare == DATAGRAM_REPLIED || bare == OTHER_REPLIED);
#else
	entry->state = was->state = state;
#endif
}

// Whether there is such a flow now: where another one stands, not.
static __always_inline int add(const struct key *key, struct entry *entry)
{
#ifdef FLOW_TABLE
	struct ft_new new = { key->addresses, key->rest, *entry };
	return ft_insert(&new) >> 24 == FT_NEW;
#else
	return !bpf_map_update_elem(&flows, key, entry, BPF_NOEXIST);
#endif
}

static __always_inline int is_over(u32 seen, u32 now, u32 state)
{
	u32 idle = now - seen;
	return idle < 1u << 31 && idle >= (state == ESTABLISHED ? seconds[ESTABLISHED] : seconds[state & 31]) * ticks_per_second;
}

struct packet {
	void *data, *end;
	struct way way;
	struct key key;
	u32 from_low, protocol, flags; // TCP's flags, or ICMP's type
	u32 tcp, length; // TCP's header length, above its low four bits
	u32 related;
};

// IPv4 that is tracked, whole in the frame.
static __always_inline int is_tracked(void *data, void *end)
{
	if (data + 34 > end || (AT(u32, data, 12) & 0x00ffffff) != 0x00450008 || AT(u16, data, 20) & bpf_htons(0x3fff))
		return 0;
	u32 length = bpf_ntohs(AT(u16, data, 16));
	return length >= 20 && 14 + length <= (u64)(end - data);
}

static __always_inline int is_tcp(void *data, void *end)
{
	return AT(u8, data, 23) == PROTOCOL_TCP && data + 54 <= end;
}
static __always_inline void parse_tcp(struct packet *p, void *data, void *end)
{
	*p = (struct packet){ .data = data, .end = end, .tcp = 1, .protocol = PROTOCOL_TCP };
	p->way = (struct way){ AT(u32, data, 26), AT(u32, data, 30), AT(u32, data, 34) };
	p->flags = AT(u8, data, 47);
	p->length = AT(u8, data, 46);
	p->from_low = key_of(&p->key, &p->way, PROTOCOL_TCP);
}
// All else; 0 where it is no packet of a flow.
static __always_inline int parse_other(struct packet *p, void *data, void *end)
{
	*p = (struct packet){ .data = data, .end = end, .protocol = AT(u8, data, 23) };
	p->way = (struct way){ AT(u32, data, 26), AT(u32, data, 30) };
	if (p->protocol == PROTOCOL_TCP)
		return 0;
	if (p->protocol == PROTOCOL_UDP) {
		if (data + 42 > end)
			return 0;
		p->way.ports = AT(u32, data, 34);
	} else if (p->protocol == PROTOCOL_ICMP) {
		if (data + 42 > end)
			return 0;
		u32 type = AT(u8, data, 34), identifier = AT(u16, data, 38);
		p->flags = type;
		if (type == 0 || type == 8) {
			p->way.ports = identifier << 16 | identifier;
		} else if (type == 3 || type == 4 || type == 5 || type == 11 || type == 12) {
			// about a packet of the other direction
			if (data + 70 > end || AT(u8, data, 42) != 0x45 || AT(u16, data, 48) & bpf_htons(0x1fff))
				return 0;
			if (AT(u32, data, 54) != p->way.destination)
				return 0;
			p->related = 1;
			p->protocol = AT(u8, data, 51);
			p->way = (struct way){ AT(u32, data, 54), AT(u32, data, 58), AT(u32, data, 62) };
			if (p->protocol == PROTOCOL_ICMP)
				p->way.ports = AT(u16, data, 66) * 0x10001u;
			else if (p->protocol != PROTOCOL_TCP && p->protocol != PROTOCOL_UDP)
				p->way.ports = 0;
		}
	}
	p->from_low = key_of(&p->key, &p->way, p->protocol);
	return 1;
}

static __always_inline u64 row_of(u32 flags, u32 reply)
{
	if (flags & RST)
		return 0x88888888888f;
	if (flags & SYN) {
		if (flags & ACK)
			return reply ? 0xeebeeeeeee2f : 0xbfbffffff2ff;
		return reply ? 0xff9f1fffff9f : 0xee911eeeee11;
	}
	if (flags & FIN)
		return 0x44f8766644ff;
	return reply ? 0x33e8775532ef : 0x3af8775533fa;
}

static __always_inline int is_valid(const struct packet *p)
{
	return p->length >= 0x50 && 0x3000400170014ull >> (p->flags & 0x37) & 1;
}

static __always_inline int is_plain(const struct packet *p, u32 state)
{
	return p->tcp && state == ESTABLISHED && (p->flags & (SYN | ACK | RST | FIN)) == ACK;
}

// What a packet makes of a flow.
enum { TAKEN, KEPT, BEGINS, REFUSED };
static __always_inline int advance(struct packet *p, struct entry *entry, moment *was, u32 reply)
{
	u32 next, state = was->state & 255, rest = (was->state & ~255u) | (reply ? REPLIED : 0);
	if (p->tcp) {
		if (!is_valid(p))
			return REFUSED;
		next = row_of(p->flags, reply) >> (state & 15) * 4 & 15;
		if (next == INVALID)
			return REFUSED;
		if (next == SYN_SENT && state != SYN_SENT)
			return BEGINS;
		if (next == IGNORED || next == SYN_SENT) {
			become(entry, was, state | rest);
			return KEPT;
		}
	} else if (p->protocol == PROTOCOL_UDP) {
		next = reply ? DATAGRAM_REPLIED : state;
	} else if (p->protocol == PROTOCOL_ICMP) {
		if (p->flags == 0 && !reply)
			return REFUSED;
		next = state;
	} else {
		next = reply ? OTHER_REPLIED : state;
	}
	become(entry, was, next | rest);
	return TAKEN;
}

// The state that a flow begins in with this packet; NONE where it begins none.
static __always_inline u32 first_state(struct packet *p)
{
	if (p->tcp) {
		u32 next = is_valid(p) ? row_of(p->flags, 0) & 15 : INVALID;
		return next == INVALID ? NONE : next;
	}
	if (p->protocol == PROTOCOL_UDP)
		return DATAGRAM;
	if (p->protocol == PROTOCOL_ICMP)
		return p->flags == 8 ? QUERY : NONE;
	return OTHER;
}

static __always_inline void count(struct entry *entry, u32 reply, u64 length)
{
	if (reply) {
		__sync_fetch_and_add(&entry->packets[1], 1);
		__sync_fetch_and_add(&entry->bytes[1], length);
	} else {
		__sync_fetch_and_add(&entry->packets[0], 1);
		__sync_fetch_and_add(&entry->bytes[0], length);
	}
}

// Takes the flow on by a packet of it; as advance.
static __always_inline int judge(struct packet *p, struct entry *entry, moment *was, u32 reply, u32 now)
{
	int outcome = TAKEN;
	if (was->seen != now && is_over(was->seen, now, was->state & 255))
		goto over;
	if (!is_plain(p, was->state & 255)) {
		outcome = advance(p, entry, was, reply);
		if (outcome == BEGINS)
			goto over;
		if (outcome == REFUSED)
			return outcome;
	}
	if (was->seen != now && outcome == TAKEN)
		entry->seen = now;
	count(entry, reply, p->end - p->data);
	return outcome;
over:
#ifdef FLOW_TABLE
	ft_forget((void *)entry - 24, was);
#endif
	return BEGINS;
}
