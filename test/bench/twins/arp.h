// Answers ARP requests for one address (RFC 826), behind up to two tags; announcements, groups and requests to another
// station's own address are left alone.
#pragma once
#include "twin.h"

#define ADDRESS IPV4(10, 0, 0, 1)
#define MAC 0x090000000002 // 02:00:00:00:00:09, as it lies in memory
#define REQUEST 0x0100040600080100 // Ethernet, IPv4, lengths 6 and 4, operation request
#define REPLY bpf_htons(2)

static __always_inline int answer_arp(CONTEXT *ctx, void *data, void *end)
{
	void *arp = data + 14;
	if (arp > end)
		return PASS;
	for (int tags = 0; tags < 2; tags++) {
		if (!is_tag(AT(u16, arp, -2)))
			break;
		arp += 4;
		if (arp > end)
			return PASS;
	}
	if (AT(u16, arp, -2) != ETHERTYPE_ARP || arp + 28 > end)
		return PASS;
	if (AT(u64, arp, 0) != REQUEST || AT(u32, arp, 24) != ADDRESS)
		return PASS;

	u32 asker = AT(u32, arp, 14), high = AT(u32, arp, 8);
	u16 low = AT(u16, arp, 12);
	if (asker == ADDRESS || (u8)asker >= 224)
		return PASS;
	if ((high & 1) || !(high | low) || (AT(u8, data, 6) & 1))
		return PASS;
	if (!(AT(u8, data, 0) & 1) && (AT(u32, data, 0) != (u32)MAC || AT(u16, data, 4) != (u16)(MAC >> 32)))
		return PASS;

	AT(u32, data, 0) = high;
	AT(u16, data, 4) = low;
	AT(u16, data, 6) = (u16)MAC;
	AT(u32, data, 8) = (u32)(MAC >> 16);
	AT(u16, arp, 6) = REPLY;
	AT(u32, arp, 8) = (u32)MAC;
	AT(u16, arp, 12) = (u16)(MAC >> 32);
	AT(u32, arp, 14) = ADDRESS;
	AT(u32, arp, 18) = high;
	AT(u16, arp, 22) = low;
	AT(u32, arp, 24) = asker;
	return REFLECT(ctx);
}
