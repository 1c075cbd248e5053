// Conntrack and port mapping over IPv4, without tags, fragments and options: 10.200.1.1:80 is 172.17.0.2:8080.
#include "translate.h"

#define PUBLISHED IPV4(10, 200, 1, 1)
#define CONTAINER IPV4(172, 17, 0, 2)

static __always_inline int choose(struct packet *p, struct way *to)
{
	if (p->protocol != PROTOCOL_TCP || p->way.destination != PUBLISHED || p->way.ports >> 16 != bpf_htons(80))
		return 0;
	to->destination = CONTAINER;
	to->ports = (u16)p->way.ports | (u32)bpf_htons(8080) << 16;
	return 1;
}

PROGRAM
int port_map(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	return is_tracked(data, end) ? edge(ctx, data, end) : PASS;
}

LICENSE;
