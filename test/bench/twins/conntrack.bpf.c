// Conntrack alone.
#include "connections.h"

static __always_inline int track(struct packet *p)
{
	moment was;
	u32 now = bpf_jiffies64();
	struct entry *entry = find(&p->key, now, &was);
	if (p->related)
		return entry && !is_over(was.seen, now, was.state & 255) ? PASS : drop(0);
	if (entry) {
		u32 reply = !(was.state & FROM_LOW) != !p->from_low;
		int outcome = judge(p, entry, &was, reply, now);
		if (outcome == REFUSED)
			return drop(1);
		if (outcome != BEGINS)
			return PASS;
	}
	u32 state = first_state(p);
	if (state == NONE)
		return drop(2);
	struct entry begun = { .state = state | (p->from_low ? FROM_LOW : 0), .seen = now };
	begun.packets[0] = 1;
	begun.bytes[0] = p->end - p->data;
	if (add(&p->key, &begun))
		return PASS;
#ifndef FLOW_TABLE
	// an expired one stands there
	if (!bpf_map_update_elem(&flows, &p->key, &begun, BPF_ANY))
		return PASS;
#endif
	return drop(3);
}

PROGRAM
int conntrack(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct packet p;

	if (!is_tracked(data, end))
		return PASS;
	// TCP has a way of its own
	if (is_tcp(data, end)) {
		parse_tcp(&p, data, end);
		return track(&p);
	}
	return parse_other(&p, data, end) ? track(&p) : PASS;
}

LICENSE;
