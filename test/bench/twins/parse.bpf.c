// Ethernet, IPv4 with its options, TCP: drops what goes to port 22.
#include "twin.h"

SEC("xdp")
int parse(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *ip = network_of(data, end, ETHERTYPE_IPV4);
	if (!ip || ip + 20 > end || AT(u8, ip, 9) != 6)
		return XDP_PASS;
	u32 length = (AT(u8, ip, 0) & 15) * 4;
	if (length < 20)
		return XDP_PASS;
	void *tcp = ip + length;
	if (tcp + 20 > end)
		return XDP_PASS;
	return AT(u16, tcp, 2) == bpf_htons(22) ? drop(0) : XDP_PASS;
}

LICENSE;
