// Connections whose packets are translated: each has two entries, one under what clients send and one, its companion, under
// what servers answer. Who includes this defines `choose`, which says what a new flow's packets become. (ICMP errors about
// translated flows pass as they are.)
#pragma once
#define TRANSLATES
#include "connections.h"
#include "checksum.h"

#define FIRST_PORT 1024
#define PORT_COUNT 64512
#define TRIES 8

// Whether this new flow is translated, and to what; -1 where it is refused.
static __always_inline int choose(struct packet *p, struct way *to);

static __always_inline u32 turned(u32 ports)
{
	return ports >> 16 | ports << 16;
}

// Keeps the replies' entry free for the flow; takes another source port where another flow's replies look alike.
static __always_inline int reserve(struct packet *p, struct way *to, u32 now)
{
	struct entry back = { .state = COMPANION, .seen = now };
	struct way reply = { to->destination, to->source, turned(to->ports) };
	struct key key;

	back.becomes = (struct way){ p->way.destination, p->way.source, turned(p->way.ports) };
	back.state |= key_of(&key, &reply, p->protocol) ? 0 : FROM_LOW;
	if (add(&key, &back))
		return 1;
	u32 offset = bpf_get_prandom_u32() % PORT_COUNT;
#pragma unroll
	for (int i = 0; i < TRIES; i++) {
		moment was;
		to->ports = (to->ports & 0xffff0000) | bpf_htons(FIRST_PORT + offset);
		reply.ports = turned(to->ports);
		key_of(&key, &reply, p->protocol);
		if (!find(&key, now, &was))
			return add(&key, &back);
		offset = offset + 1 < PORT_COUNT ? offset + 1 : 0;
	}
	return 0;
}

static __always_inline int translate(CONTEXT *ctx, struct packet *p, struct way *to)
{
	void *data = p->data, *end = p->end;
	u8 ttl = AT(u8, data, 22);
	if (ttl < 2)
		return PASS;
	u32 addresses = changed(p->way.source, to->source) + changed(p->way.destination, to->destination);
	AT(u32, data, 26) = to->source;
	AT(u32, data, 30) = to->destination;
	AT(u8, data, 22) = ttl - 1;
	// one less in the low byte of the word at 22
	AT(u16, data, 24) = ~folded((u16)~AT(u16, data, 24) + addresses + 0xfffe);
	if (p->tcp) {
		if (data + 54 > end)
			return drop(4);
		AT(u32, data, 34) = to->ports;
		AT(u16, data, 50) = ~folded((u16)~AT(u16, data, 50) + addresses + changed(p->way.ports, to->ports));
	} else if (p->protocol == PROTOCOL_UDP) {
		if (data + 42 > end)
			return drop(4);
		AT(u32, data, 34) = to->ports;
		if (AT(u16, data, 40)) {
			u16 sum = ~folded((u16)~AT(u16, data, 40) + addresses + changed(p->way.ports, to->ports));
			AT(u16, data, 40) = sum ? sum : 0xffff;
		}
	}
	return REFLECT(ctx);
}

static __always_inline int forward(CONTEXT *ctx, struct packet *p)
{
	moment was;
	u32 now = bpf_jiffies64();
	struct entry *entry = find(&p->key, now, &was);

	if (p->related)
		return entry && !is_over(was.seen, now, was.state & 255) ? REFLECT(ctx) : drop(0);
	if (entry) {
		u32 reply = !(was.state & FROM_LOW) != !p->from_low;
		u32 companion = was.state & COMPANION;
		int outcome;
		if (companion && !is_plain(p, was.state & 255)) {
			// only what can change the flow's state needs the flow itself
			struct key key;
			moment began;
			key_of(&key, &entry->becomes, p->protocol);
			struct entry *main = find(&key, now, &began);
			outcome = main ? judge(p, main, &began, reply, now) : BEGINS;
			if (outcome <= KEPT) {
				if (was.seen != now)
					entry->seen = now;
				become(entry, &was, (was.state & ~255u) | (began.state & 255) | REPLIED);
			}
		} else {
			outcome = judge(p, entry, &was, reply, now);
		}
		if (outcome == REFUSED)
			return drop(1);
		if (outcome != BEGINS) {
			if (!entry->becomes.source || !companion != !reply)
				return REFLECT(ctx);
			struct way to = entry->becomes;
			return translate(ctx, p, &to);
		}
	}
	u32 state = first_state(p);
	if (state == NONE)
		return drop(2);
	struct entry begun = { .state = state | (p->from_low ? FROM_LOW : 0), .seen = now };
	begun.packets[0] = 1;
	begun.bytes[0] = p->end - p->data;
	struct way to = p->way;
	int chosen = choose(p, &to);
	if (chosen < 0)
		return drop(3);
	if (chosen) {
		if (!reserve(p, &to, now))
			return drop(4);
		begun.becomes = to;
	}
	if (!add(&p->key, &begun)
#ifndef FLOW_TABLE
	    && bpf_map_update_elem(&flows, &p->key, &begun, BPF_ANY)
#endif
	)
		return drop(5);
	return chosen ? translate(ctx, p, &to) : REFLECT(ctx);
}

static __always_inline int edge(CONTEXT *ctx, void *data, void *end)
{
	struct packet p;
	// TCP has a way of its own
	if (is_tcp(data, end)) {
		parse_tcp(&p, data, end);
		return forward(ctx, &p);
	}
	return parse_other(&p, data, end) ? forward(ctx, &p) : PASS;
}
