// Ethernet, IPv4 with its options, TCP: drops what goes to port 22.
#include "twin.h"

PROGRAM
int parse(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *ip = network_of(data, end, ETHERTYPE_IPV4);
	if (!ip || ip + 20 > end || AT(u8, ip, 9) != 6)
		return PASS;
	u32 length = (AT(u8, ip, 0) & 15) * 4;
	if (length < 20)
		return PASS;
	void *tcp = ip + length;
	if (tcp + 20 > end)
		return PASS;
	return AT(u16, tcp, 2) == bpf_htons(22) ? drop(0) : PASS;
}

LICENSE;
