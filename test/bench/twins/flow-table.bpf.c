// A flow table alone: TCP over IPv4 without options, each direction a flow.
#include "twin.h"

struct flow {
	u32 state, seen;
	u64 packets, bytes;
};
#define FT_VALUE struct flow
#include "flow-table.h"

PROGRAM
int flows(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *ip = network_of(data, end, ETHERTYPE_IPV4);
	if (!ip || ip + 40 > end || AT(u8, ip, 0) != 0x45 || AT(u8, ip, 9) != 6)
		return PASS;
	u64 k0 = AT(u64, ip, 12), k1 = AT(u32, ip, 20);
	u32 now = bpf_jiffies64();
	struct ft_moment moment;
	struct ft_slot *flow = ft_find(k0, k1, now, &moment);
	if (flow) {
		if (moment.state == 9)
			return drop(0);
		if (moment.seen != now)
			flow->value.seen = now;
		__sync_fetch_and_add(&flow->value.packets, 1);
		__sync_fetch_and_add(&flow->value.bytes, (u64)(end - data));
		return REFLECT(ctx);
	}
	if (!(AT(u8, ip, 33) & 2))
		return PASS;
	struct ft_new new = { k0, k1, { 1, now } };
	return ft_insert(&new) >> 24 == FT_NEW ? REFLECT(ctx) : drop(1);
}

LICENSE;
