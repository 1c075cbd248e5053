// Puts an IPv4 header with constant addresses in front of IPv4 (RFC 2003), behind the tag if there is one.
#include "twin.h"

#define SOURCE IPV4(192, 0, 2, 1)
#define DESTINATION IPV4(192, 0, 2, 2)

static __always_inline u32 halves(u32 word)
{
	return (word & 0xffff) + (word >> 16);
}

// The header's sum over everything but the total length: version, TTL 64, protocol 4, addresses.
#define CONSTANT_SUM (0x0045 + 0x0440 + halves(SOURCE) + halves(DESTINATION))

static __always_inline int push(struct xdp_md *ctx, u32 ethernet)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	u16 length = bpf_htons(end - data - ethernet + 20);
	if (bpf_xdp_adjust_head(ctx, -20))
		return XDP_PASS;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + ethernet + 40 > end)
		return XDP_ABORTED;
	AT(u64, data, 0) = AT(u64, data, 20);
	AT(u32, data, 8) = AT(u32, data, 28);
	if (ethernet == 14)
		AT(u16, data, 12) = AT(u16, data, 32);
	else {
		AT(u32, data, 12) = AT(u32, data, 32);
		AT(u16, data, 16) = AT(u16, data, 36);
	}
	void *ip = data + ethernet;
	u32 sum = CONSTANT_SUM + length;
	sum = halves(sum);
	AT(u16, ip, 0) = 0x0045;
	AT(u16, ip, 2) = length;
	AT(u32, ip, 4) = 0;
	AT(u16, ip, 8) = 0x0440;
	AT(u16, ip, 10) = ~(u16)halves(sum);
	AT(u32, ip, 12) = SOURCE;
	AT(u32, ip, 16) = DESTINATION;
	return XDP_PASS;
}

SEC("xdp")
int ipip(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *ip = network_of(data, end, ETHERTYPE_IPV4);
	if (!ip || ip + 20 > end)
		return XDP_PASS;
	return ip == data + 14 ? push(ctx, 14) : push(ctx, 18);
}

LICENSE;
