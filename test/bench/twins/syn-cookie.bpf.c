// Answers SYNs to ports 80 and 443 with the kernel's SYN cookies, over IPv4 without tags, fragments or options.
#include "twin.h"
#include "checksum.h"

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10
#define WINDOW 64240
#define PRIME 30 // seconds: so often a SYN is left to the stack

const volatile u32 ticks_per_second = 250;

struct key {
	u32 source, destination, ports;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct key);
	__type(value, u32);
} connections SEC(".maps");

struct {
	u32 seen, known;
} listeners[2];

static __always_inline int is_due(u32 port)
{
	typeof(listeners[0]) *listener = &listeners[port == bpf_htons(443)];
	u32 now = bpf_jiffies64();
	if (listener->known && now - listener->seen < PRIME * ticks_per_second)
		return 0;
	listener->known = 1;
	listener->seen = now;
	return 1;
}

typedef __s64 s64;

static __always_inline int answer(CONTEXT *ctx, void *data, void *end)
{
	void *tcp = data + 34;
	u32 header = AT(u8, tcp, 12) >> 4 << 2, length = bpf_ntohs(AT(u16, data, 16));

	asm volatile("" : "+r"(header)); // the helper wants to see its bounds
	if (header < 20 || header > 60 || header + 20 > length)
		return drop(1);
	if (header + 20 < length)
		return drop(2);
	u32 source = AT(u32, data, 26), destination = AT(u32, data, 30), first = source & 255;
	if ((AT(u8, data, 0) | AT(u8, data, 6)) & 1 || first == 0 || first == 127 || first >= 224 || source == destination)
		return drop(3);
	if (is_due(AT(u16, tcp, 2)))
		return PASS;
	// the helper takes the client's segment size from the options; it wants to know how long they may be
	u8 copy[64] = {};
	if (bpf_xdp_load_bytes(ctx, 34, copy, header))
		return drop(4);
	s64 cookie = bpf_tcp_raw_gen_syncookie_ipv4(data + 14, (void *)copy, header);
	if (cookie < 0)
		return drop(4);

	u32 ports = AT(u32, tcp, 0), sequence = AT(u32, tcp, 4), control = AT(u32, tcp, 12);
	u32 number = bpf_htonl((u32)cookie), next = bpf_htonl(bpf_ntohl(sequence) + 1);
	u32 reply = bpf_htonl(header << 26 | 0x120000 | WINDOW);
	u32 sum = (u16)~AT(u16, tcp, 16) + halves(number) + halves(~AT(u32, tcp, 8)) + halves(~sequence) + halves(next);
	sum += changed(control, reply) + (u16)~AT(u16, tcp, 18);
	AT(u32, tcp, 0) = ports >> 16 | ports << 16;
	AT(u32, tcp, 4) = number;
	AT(u32, tcp, 8) = next;
	AT(u32, tcp, 12) = reply;
	AT(u16, tcp, 18) = 0;
	// the segment size, then padding
#pragma unroll
	for (u32 at = 20; at < 60; at += 4) {
		if (at < header && tcp + at + 4 <= end) {
			u32 word = at == 20 ? bpf_htonl(0x02040000 + 1460) : 0x01010101;
			sum += changed(AT(u32, tcp, at), word);
			AT(u32, tcp, at) = word;
		}
	}
	AT(u16, tcp, 16) = ~folded(sum);

	u32 lasting = AT(u32, data, 22);
	AT(u8, data, 22) = 64;
	AT(u16, data, 24) = ~folded((u16)~AT(u16, data, 24) + (u16)~lasting + ((lasting & 0xff00) | 64));
	AT(u32, data, 26) = destination;
	AT(u32, data, 30) = source;
	u32 high = AT(u32, data, 0);
	u16 low = AT(u16, data, 4);
	AT(u32, data, 0) = AT(u32, data, 6);
	AT(u16, data, 4) = AT(u16, data, 10);
	AT(u32, data, 6) = high;
	AT(u16, data, 10) = low;
	return REFLECT(ctx);
}

PROGRAM
int syn_cookie(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *ip = plain_ipv4(data, end), *tcp = data + 34;

	if (!ip || AT(u8, ip, 9) != 6 || tcp + 20 > end)
		return PASS;
	u32 port = AT(u16, tcp, 2), flags = AT(u8, tcp, 13);
	if (port != bpf_htons(80) && port != bpf_htons(443))
		return PASS;
	if ((flags & (SYN | ACK)) == SYN) {
		if (flags & (RST | FIN))
			return drop(0);
		return answer(ctx, data, end);
	}
	struct key key = { AT(u32, ip, 12), AT(u32, ip, 16), AT(u32, tcp, 0) };
	if (bpf_map_lookup_elem(&connections, &key))
		return PASS;
	if ((flags & (SYN | ACK | RST)) != ACK || bpf_tcp_raw_check_syncookie_ipv4(ip, tcp))
		return drop(6);
	u32 seen = bpf_jiffies64();
	bpf_map_update_elem(&connections, &key, &seen, BPF_ANY);
	return PASS;
}

LICENSE;
