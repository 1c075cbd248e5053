// As rate-limit.bpf.c, with the buckets in a flow table.
#include "twin.h"

struct bucket {
	u32 state, seen;
	u64 arrival;
};
#define FT_VALUE struct bucket
#include "flow-table.h"
#include "pace.h"

PROGRAM
int rate_limit(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ft_moment moment;
	u32 now = bpf_jiffies64();

	if (!is_limited(data, end))
		return PASS;
	u32 source = AT(u32, data, 26);
	struct ft_slot *slot = ft_find(source, 0, now, &moment);
	if (slot) {
		if (moment.seen != now)
			slot->value.seen = now;
	} else {
		struct ft_new new = { source, 0, { .seen = now } };
		int added = ft_insert(&new);
		if (added >> 24 > FT_HIT)
			return PASS;
		slot = ft_at(added & 0xffffff);
	}
	return take(&slot->value.arrival);
}

LICENSE;
