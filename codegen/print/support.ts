/** Functions of the generated C that some programs need; each is printed only where it is called. */

import { cookieParts } from "./cookie-support.js";

interface Part {
  readonly name: string;
  readonly text: string;
}

const parts: readonly Part[] = [
  {
    name: "REFLECTED",
    text: "/* Marks a packet that a hook turned round, for the pipeline's other hook to let it by. */\n#define REFLECTED 0xda7a\n",
  },
  {
    name: "clamp32",
    text: "static __always_inline __u32 clamp32(__u32 value, __u32 least, __u32 most)\n{\n\treturn value < least ? least : value > most ? most : value;\n}\n",
  },
  {
    name: "clamp64",
    text: "static __always_inline __u64 clamp64(__u64 value, __u64 least, __u64 most)\n{\n\treturn value < least ? least : value > most ? most : value;\n}\n",
  },
  {
    name: "clamp128",
    text: "static __always_inline __u128 clamp128(__u128 value, __u128 least, __u128 most)\n{\n\treturn value < least ? least : value > most ? most : value;\n}\n",
  },
  {
    name: "folded",
    text: `/* A ones' complement difference as the helpers take it: 16 bits, in network order. */
static __always_inline __u32 folded(__u64 difference)
{
	difference = (difference & 0xffffffff) + (difference >> 32);
	difference = (difference & 0xffff) + ((difference >> 16) & 0xffff) + (difference >> 32);
	difference = (difference & 0xffff) + (difference >> 16);
	difference = (difference & 0xffff) + (difference >> 16);
	return __builtin_bswap16(difference);
}
`,
  },
  {
    name: "note_change",
    text: `static __always_inline void note_change(struct __sk_buff *skb, __u64 difference) { bpf_csum_update(skb, folded(difference)); }
`,
  },
  {
    name: "count(",
    text: `struct traffic_count {
	__u64 packets, bytes;
};
static __always_inline void count(void *map, __u64 length)
{
	__u32 first = 0;
	struct traffic_count *traffic = bpf_map_lookup_elem(map, &first);

	if (traffic) {
		traffic->packets += 1;
		traffic->bytes += length;
	}
}
`,
  },
  {
    name: "device_at",
    text: `/* The interface index in a slot of a device map, 0 where there is none. */
static __always_inline __u32 device_at(void *map, __u32 slot)
{
	__u32 *index = bpf_map_lookup_elem(map, &slot);

	return index ? *index : 0;
}
`,
  },
  {
    name: "wire_length",
    text: `/* The largest frame that will leave: a GSO packet's segments, headers included, no tag counted. */
static __always_inline __u32 wire_length(struct __sk_buff *skb, __u32 length)
{
	return skb->gso_size ? skb->gso_size + 14 + 20 + 20 : length;
}
`,
  },
  {
    name: "fib_of",
    text: `/* linux/bpf.h, struct bpf_fib_lookup */
struct fib_lookup {
	__u8 family, l4_protocol;
	__u16 sport, dport, tot_len;
	__u32 ifindex, flowinfo, source[4], destination[4];
	__u16 vlan_proto, vlan_tci;
	__u8 smac[6], dmac[6];
};
_Static_assert(sizeof(struct fib_lookup) == 64, "struct bpf_fib_lookup");
/* The route of an IP packet that came by a device; 0 where the FIB and the neighbour table know it. */
static __always_inline long fib_of(void *ctx, struct fib_lookup *fib, __u8 *frame, __u8 *end, __u32 device)
{
	__builtin_memset(fib, 0, sizeof(*fib));
	if (frame + 34 > end) return -1;
	fib->ifindex = device;
	if (be16(frame + 12) == 0x0800) {
		fib->family = 2; /* AF_INET */
		fib->flowinfo = GET8(frame + 15);
		fib->l4_protocol = GET8(frame + 23);
		fib->tot_len = be16(frame + 16);
		fib->source[0] = GET32(frame + 26);
		fib->destination[0] = GET32(frame + 30);
	} else if (be16(frame + 12) == 0x86dd && frame + 54 <= end) {
		fib->family = 10; /* AF_INET6 */
		fib->flowinfo = GET32(frame + 14) & 0xffffff0f;
		fib->l4_protocol = GET8(frame + 20);
		fib->tot_len = be16(frame + 18);
		fib->source[0] = GET32(frame + 22);
		fib->source[1] = GET32(frame + 26);
		fib->source[2] = GET32(frame + 30);
		fib->source[3] = GET32(frame + 34);
		fib->destination[0] = GET32(frame + 38);
		fib->destination[1] = GET32(frame + 42);
		fib->destination[2] = GET32(frame + 46);
		fib->destination[3] = GET32(frame + 50);
	} else return -1;
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}
`,
  },
  {
    name: "route_skb",
    text: `/* By the neighbour table; without a device the FIB names it. What it does not know is the stack's. */
static __always_inline int route_skb(struct __sk_buff *ctx, __u8 *frame, __u8 *end, __u32 device)
{
	struct fib_lookup fib;

	if (device) return bpf_redirect_neigh(device, 0, 0, 0);
	if (fib_of(ctx, &fib, frame, end, ctx->ifindex)) return TC_ACT_UNSPEC;
	return bpf_redirect_neigh(fib.ifindex, 0, 0, 0);
}
`,
  },
  {
    name: "route_xdp",
    text: `/* By the FIB, which knows the next hop's address too. What it does not know is the stack's. */
static __always_inline int route_xdp(struct xdp_md *ctx, __u8 *front, __u8 *frame, __u8 *end, __u32 device)
{
	struct fib_lookup fib;

	if (fib_of(ctx, &fib, frame, end, ctx->ingress_ifindex)) return XDP_PASS;
	if (front + 14 > end) return XDP_PASS;
	PUT32(front, GET32(fib.dmac));
	PUT16(front + 4, GET16(fib.dmac + 4));
	PUT16(front + 6, GET16(fib.smac));
	PUT16(front + 8, GET16(fib.smac + 2));
	PUT16(front + 10, GET16(fib.smac + 4));
	return bpf_redirect(device ? device : fib.ifindex, 0);
}
`,
  },
  {
    name: "flood_to",
    text: `/* One copy to the device in a slot, unless the packet came by it. */
static __always_inline void flood_to(struct __sk_buff *ctx, void *map, __u32 slot)
{
	__u32 index = device_at(map, slot);

	if (index && index != ctx->ifindex) bpf_clone_redirect(ctx, index, 0);
}
`,
  },
  {
    name: "next_random",
    text: `static __always_inline __u32 next_random(void)
{
	__u64 index = world.index & 63;

	world.index = world.index + 1;
	return world.random[index];
}
`,
  },
  ...cookieParts,
];

/** The texts of all parts, whether a program needs them or not. */
export const supportText: readonly string[] = parts.map(part => part.text);

/** The support code that a program's text calls. */
export function supportFor(text: string): string {
  const needed = parts.filter(part => text.includes(part.name));
  // A part may call another: folded() for note_change().
  const more = parts.filter(part => !needed.includes(part) && needed.some(other => other.text.includes(`${part.name}(`)));
  return parts
    .filter(part => needed.includes(part) || more.includes(part))
    .map(part => part.text)
    .join("\n");
}
