// ARP, conntrack, access control, port mapping and a balancer by translation over IPv4, without tags, fragments and options: one
// lookup a packet, the verdict of the rules and the choice of a backend in the entry of the flow. `is_allowed` and the rules are
// in front of this.
#define PUBLISHED IPV4(10, 200, 1, 2)
#define CONTAINER IPV4(172, 17, 0, 2)
#define SERVICE IPV4(10, 200, 1, 1)

static __always_inline int choose(struct packet *p, struct way *to)
{
	if (!is_allowed(p))
		return -1;
	if (p->protocol != PROTOCOL_TCP || p->way.ports >> 16 != bpf_htons(80))
		return 0;
	if (p->way.destination == PUBLISHED) {
		to->destination = CONTAINER;
		to->ports = (u16)p->way.ports | (u32)bpf_htons(8080) << 16;
		return 1;
	}
	if (p->way.destination != SERVICE)
		return 0;
	struct backend *backend = chosen((u64)(u16)p->way.ports << 32 | p->way.source);
	if (!backend)
		return -1;
	to->destination = backend->address;
	return 1;
}

PROGRAM
int composed(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	return is_tracked(data, end) ? edge(ctx, data, end) : answer_arp(ctx, data, end);
}

LICENSE;
