/**
 * The C behind what moves a packet. Offsets count no tag: where the tag is in the frame, what lies from 12 on lies 4
 * bytes further. The front that has to be moved is at most 256 bytes (dsl/packet/room.ts says the same to Node); short
 * constant fronts go through registers, others through a buffer.
 */

interface Part {
  /** what calls it */
  readonly names: readonly string[];
  readonly text: string;
  /** other parts that it calls */
  readonly needs: readonly string[];
}

const buffer: Part = {
  names: ["move_buffer"],
  needs: [],
  text: `/* Room to carry bytes of a packet to another place: run-time lengths do not go through registers. */
struct move_buffer {
	__u8 bytes[512 + 16];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct move_buffer);
} move_buffers SEC(".maps");
static __always_inline struct move_buffer *move_buffer(void)
{
	__u32 first = 0;

	return bpf_map_lookup_elem(&move_buffers, &first);
}
`,
};

/** The same functions over either context. */
function contextParts(on: "xdp" | "skb"): Part[] {
  const type = on === "xdp" ? "struct xdp_md" : "struct __sk_buff";
  const load = on === "xdp" ? "bpf_xdp_load_bytes" : "bpf_skb_load_bytes";
  const store = on === "xdp" ? "bpf_xdp_store_bytes(ctx, to, from, size)" : "bpf_skb_store_bytes(ctx, to, from, size, 0)";
  const length = on === "xdp" ? "bytes_between(packet_at(ctx->data_end), packet_at(ctx->data))" : "ctx->len";
  return [
    {
      names: [`${on}_store`],
      needs: [],
      text: `static __always_inline long ${on}_store(${type} *ctx, __u32 to, const void *from, __u32 size) { return ${store}; }
`,
    },
    {
      names: [`${on}_carry`],
      needs: ["move_buffer", `${on}_store`],
      text: `/* Moves bytes inside the packet; at most 511, which also is the mask that the verifier wants. */
static __always_inline bool ${on}_carry(${type} *ctx, __u32 to, __u32 from, __u32 size)
{
	struct move_buffer *room;

	if (size == 0) return 1;
	room = move_buffer();
	if (!room) return 0;
	barrier_var(size);
	size &= 511;
	barrier_var(size);
	if (size == 0) return 0;
	if (${load}(ctx, from, room->bytes, size)) return 0;
	return ${on}_store(ctx, to, room->bytes, size) == 0;
}
`,
    },
    {
      names: [`${on}_zero`],
      needs: ["move_buffer", `${on}_store`],
      text: `/* Clears a gap of at most 256 bytes. */
static __always_inline bool ${on}_zero(${type} *ctx, __u32 at, __u32 size)
{
	struct move_buffer *room;

	if (size == 0) return 1;
	room = move_buffer();
	if (!room) return 0;
	__builtin_memset(room->bytes, 0, 256);
	barrier_var(size);
	size &= 511;
	barrier_var(size);
	if (size == 0 || size > 256) return 0;
	return ${on}_store(ctx, at, room->bytes, size) == 0;
}
`,
    },
    {
      names: [`${on}_gather`],
      needs: [],
      text: `/* Reads at most 511 bytes at an offset that counts no tag: a run over offset 12 lies in two parts. */
static __always_inline bool ${on}_gather(${type} *ctx, struct move_buffer *room, __u32 from, __u32 size, __u32 tag)
{
	__u32 first = from >= 12 || !tag ? 0 : size < 12 - from ? size : 12 - from;

	barrier_var(first);
	first &= 15;
	size -= first;
	if (first && ${load}(ctx, from, room->bytes, first)) return 0;
	if (size == 0) return 1;
	barrier_var(size);
	size &= 511;
	barrier_var(size);
	if (size == 0) return 0;
	return ${load}(ctx, from + first + tag, room->bytes + first, size) == 0;
}
`,
    },
    {
      names: [`${on}_scatter`],
      needs: [`${on}_store`],
      text: `static __always_inline bool ${on}_scatter(${type} *ctx, struct move_buffer *room, __u32 to, __u32 size, __u32 tag)
{
	__u32 first = to >= 12 || !tag ? 0 : size < 12 - to ? size : 12 - to;

	barrier_var(first);
	first &= 15;
	size -= first;
	if (first && ${on}_store(ctx, to, room->bytes, first)) return 0;
	if (size == 0) return 1;
	barrier_var(size);
	size &= 511;
	barrier_var(size);
	if (size == 0) return 0;
	return ${on}_store(ctx, to + first + tag, room->bytes + first, size) == 0;
}
`,
    },
    {
      names: [`${on}_copy`],
      needs: ["move_buffer", `${on}_gather`, `${on}_scatter`],
      text: `static __always_inline bool ${on}_copy(${type} *ctx, __u32 to, __u32 from, __u32 count, __u32 max, __u32 tag)
{
	__u32 length = ${length} - tag;
	struct move_buffer *room;

	if (count > max || count > 511 || to > length || from > length || count > length - to || count > length - from) return 0;
	if (count == 0) return 1;
	room = move_buffer();
	return room && ${on}_gather(ctx, room, from, count, tag) && ${on}_scatter(ctx, room, to, count, tag);
}
`,
    },
    {
      names: [`${on}_sum_part`],
      needs: ["move_buffer", `${on}_gather`],
      text: `/* Adds the ones' complement sum of at most 508 bytes. */
static __always_inline __u64 ${on}_sum_part(${type} *ctx, __u32 offset, __u32 size, __u32 tag, __u64 sum)
{
	struct move_buffer *room = move_buffer();
	__u32 whole;

	if (!room || size == 0) return sum;
	barrier_var(size);
	if (size > 512) return sum;
	whole = size & 0x3fc;
	barrier_var(whole);
	if (whole > 512) return sum;
	PUT32(room->bytes + whole, 0);
	if (!${on}_gather(ctx, room, offset, size, tag)) return sum;
	whole = (size + 3) & 0x3fc;
	barrier_var(whole);
	if (whole > 512) return sum;
	return sum + (__u32)bpf_csum_diff(0, 0, room->bytes, whole, 0);
}
`,
    },
    {
      names: [`${on}_sum`],
      needs: [`${on}_sum_part`],
      text: `/* The internet checksum (RFC 1071) of bytes that are all there; in parts, since a helper takes 512 bytes at once. */
static __always_inline __u32 ${on}_sum(${type} *ctx, __u32 offset, __u32 length, __u32 max, __u32 initial, __u32 tag)
{
	__u64 sum = __builtin_bswap16((initial & 0xffff) + (initial >> 16) + (((initial & 0xffff) + (initial >> 16)) >> 16));


	if (length > max) length = max;
#define SUM_PART(n) if (max > (n) * 508 && length > (n) * 508) sum = ${on}_sum_part(ctx, offset + (n) * 508, length - (n) * 508 > 508 ? 508 : length - (n) * 508, tag, sum)
	SUM_PART(0);
	SUM_PART(1);
	SUM_PART(2);
	SUM_PART(3);
#undef SUM_PART
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return __builtin_bswap16(~sum & 0xffff);
}
`,
    },
    {
      names: [`${on}_capture`],
      needs: [],
      text: `/* The packet's first bytes behind an event, no tag among them: how many, then as many. */
static __always_inline void ${on}_capture(${type} *ctx, void *record, __u32 wanted, __u32 room, __u32 tag)
{
	__u32 length = ${length} - tag, size = length < wanted ? length : wanted, last;

	__builtin_memset(record, 0, 4);
	if (wanted == 0) return;
	if (tag && size > 12) {
		if (${load}(ctx, 0, record + 4, 12)) return;
		last = size - 13;
		barrier_var(last);
		if (wanted <= 12 || last >= wanted - 12) return;
		if (${load}(ctx, 12 + tag, record + 16, last + 1)) return;
	} else {
		last = size - 1;
		barrier_var(last);
		if (last >= wanted) return;
		if (${load}(ctx, 0, record + 4, last + 1)) return;
	}
	PUT32(record, size);
}
`,
    },
  ];
}

export function moveSupport(text: string): string {
  const all = [buffer, ...contextParts("xdp"), ...contextParts("skb"), ...moves];
  const wanted = new Set<Part>();
  const want = (part: Part): void => {
    if (wanted.has(part)) return;
    for (const need of part.needs) for (const other of all) if (other.names.includes(need)) want(other);
    wanted.add(part);
  };
  for (const part of all) if (part.names.some(name => new RegExp(`\\b${name}\\(`).test(text))) want(part);
  return all
    .filter(part => wanted.has(part))
    .map(part => part.text)
    .join("\n");
}

/** Loads and stores of a short constant run of bytes, all read before any is written. */
function shiftText(size: number): string {
  const parts: { readonly bits: number; readonly at: number }[] = [];
  let at = 0;
  for (const bytes of [8, 4, 2, 1]) {
    while (size - at >= bytes) {
      parts.push({ bits: bytes * 8, at });
      at += bytes;
    }
  }
  const read = parts.map((part, i) => `	__u${part.bits} part_${i} = GET${part.bits}(from + ${part.at});`).join("\n");
  const write = parts.map((part, i) => `	PUT${part.bits}(to + ${part.at}, part_${i});`).join("\n");
  return `static __always_inline void shift_${size}(__u8 *to, const __u8 *from)\n{\n${read}\n\n${write}\n}\n`;
}

/** A tag behind offset 12 that has to stay there while bytes come or go in front of it. */
const movedTag = `/* \`bytes\` have come in front of the tag: it goes back to offset 12. */
static __always_inline bool xdp_tag_back(struct xdp_md *ctx, __u32 bytes)
{
	__u32 tag = 0;

	if (bpf_xdp_load_bytes(ctx, bytes + 12, &tag, 4)) return 0;
	return xdp_carry(ctx, 16, 12, bytes) && xdp_store(ctx, 12, &tag, 4) == 0;
}
/* \`bytes\` in front of the tag will go: it goes as far back, to come to offset 12 with the rest. */
static __always_inline bool xdp_tag_away(struct xdp_md *ctx, __u32 bytes)
{
	__u32 tag = 0;

	if (bpf_xdp_load_bytes(ctx, 12, &tag, 4)) return 0;
	return xdp_carry(ctx, 12, 16, bytes) && xdp_store(ctx, bytes + 12, &tag, 4) == 0;
}
`;

const moves: Part[] = [
  ...[12, 14, 18, 34, 38].map(size => ({ names: [`shift_${size}`], needs: [], text: shiftText(size) })),
  {
    names: ["clear_gap"],
    needs: [],
    text: `/* Clears a constant run of at most 64 bytes that was checked. */
static __always_inline void clear_gap(__u8 *at, __u32 size)
{
	if (size >= 8) PUT64(at, 0);
	if (size >= 16) PUT64(at + 8, 0);
	if (size >= 24) PUT64(at + 16, 0);
	if (size >= 32) PUT64(at + 24, 0);
	if (size >= 40) PUT64(at + 32, 0);
	if (size >= 48) PUT64(at + 40, 0);
	if (size >= 56) PUT64(at + 48, 0);
	if (size >= 64) PUT64(at + 56, 0);
	if (size & 4) PUT32(at + (size & ~7U), 0);
	if (size & 2) PUT16(at + (size & ~3U), 0);
	if (size & 1) PUT8(at + (size & ~1U), 0);
}
`,
  },
  {
    names: ["xdp_tag_back", "xdp_tag_away"],
    needs: ["xdp_carry", "xdp_store"],
    text: movedTag,
  },
  {
    names: ["xdp_insert"],
    needs: ["xdp_carry", "xdp_zero", "xdp_tag_back", "shift_14", "shift_18", "shift_34", "shift_38", "clear_gap"],
    text: `/* Leaves the packet's ends as they are behind the move. The Ethernet header, with its tag, is there in any case. */
static __always_inline bool xdp_insert(struct xdp_md *ctx, __u32 offset, __u32 bytes, __u32 tag, __u8 **front, __u8 **data_end)
{
	__u32 size = offset < 12 ? offset : offset + tag;
	long failed;

	if (offset > 256 || bytes > 216) return 0;
	if (offset > 14 && size > bytes_between(*data_end, *front)) return 0;
	failed = bpf_xdp_adjust_head(ctx, -(int)bytes);
	*front = packet_at(ctx->data);
	*data_end = packet_at(ctx->data_end);
	if (failed) return 0;
	if (__builtin_constant_p(offset) && __builtin_constant_p(bytes) && bytes <= 64 && (offset == 14 || offset == 34)) {
		__u8 *start = *front, *end = *data_end;

		if (tag) {
			if (start + bytes + offset + 4 > end) return 0;
			if (offset == 14) shift_18(start, start + bytes);
			else shift_38(start, start + bytes);
			clear_gap(start + offset + 4, bytes);
		} else {
			if (start + bytes + offset > end) return 0;
			if (offset == 14) shift_14(start, start + bytes);
			else shift_34(start, start + bytes);
			clear_gap(start + offset, bytes);
		}
		return 1;
	}
	if (!xdp_carry(ctx, 0, bytes, size) || !xdp_zero(ctx, size, bytes)) return 0;
	return offset >= 12 || !tag || xdp_tag_back(ctx, bytes);
}
`,
  },
  {
    names: ["xdp_remove"],
    needs: ["xdp_carry", "xdp_tag_away", "shift_14", "shift_18", "shift_34", "shift_38"],
    text: `static __always_inline bool xdp_remove(struct xdp_md *ctx, __u32 offset, __u32 bytes, __u32 tag)
{
	__u32 length = bytes_between(packet_at(ctx->data_end), packet_at(ctx->data)), size = offset < 12 ? offset : offset + tag;

	if (offset > 256 || (offset < 14 && bytes > 256) || bytes > length || size > length - bytes || length - bytes < 14 + tag) return 0;
	if (offset < 12 && tag && !xdp_tag_away(ctx, bytes)) return 0;
	if (__builtin_constant_p(offset) && __builtin_constant_p(bytes) && bytes <= 4096 && (offset == 14 || offset == 34)) {
		__u8 *front = packet_at(ctx->data), *end = packet_at(ctx->data_end);

		if (tag) {
			if (front + bytes + offset + 4 > end) return 0;
			if (offset == 14) shift_18(front + bytes, front);
			else shift_38(front + bytes, front);
		} else {
			if (front + bytes + offset > end) return 0;
			if (offset == 14) shift_14(front + bytes, front);
			else shift_34(front + bytes, front);
		}
	} else if (!xdp_carry(ctx, bytes, 0, size)) return 0;
	return bpf_xdp_adjust_head(ctx, (int)bytes) == 0;
}
`,
  },
  {
    names: ["xdp_grow"],
    needs: ["xdp_insert"],
    text: `static __always_inline bool xdp_grow(struct xdp_md *ctx, __u32 bytes, __u32 tag, __u8 **front, __u8 **data_end)
{
	return xdp_insert(ctx, 0, bytes, tag, front, data_end);
}
`,
  },
  {
    names: ["xdp_shrink"],
    needs: ["xdp_remove"],
    text: "static __always_inline bool xdp_shrink(struct xdp_md *ctx, __u32 bytes, __u32 tag) { return xdp_remove(ctx, 0, bytes, tag); }\n",
  },
  {
    names: ["xdp_trim"],
    needs: [],
    text: `static __always_inline bool xdp_trim(struct xdp_md *ctx, __u32 length, __u32 tag)
{
	__u32 now = bytes_between(packet_at(ctx->data_end), packet_at(ctx->data));

	if (length < 14 || length + tag > now) return 0;
	return bpf_xdp_adjust_tail(ctx, (int)(length + tag) - (int)now) == 0;
}
`,
  },
  {
    names: ["xdp_set_tag"],
    needs: ["shift_12"],
    text: `static __always_inline bool xdp_set_tag(struct xdp_md *ctx, __u16 tci, __u32 tag)
{
	__u8 *front, *end;

	if (!tag) {
		if (bpf_xdp_adjust_head(ctx, -4)) return 0;
		front = packet_at(ctx->data);
		end = packet_at(ctx->data_end);
		if (front + 18 > end) return 0;
		shift_12(front, front + 4);
		put_be16(front + 12, 0x8100);
	}
	front = packet_at(ctx->data);
	end = packet_at(ctx->data_end);
	if (front + 18 > end) return 0;
	put_be16(front + 14, tci);
	return 1;
}
`,
  },
  {
    names: ["xdp_tag"],
    needs: [],
    text: `/* 4 where a tag is in the frame, else 0 */
static __always_inline __u32 xdp_tag(struct xdp_md *ctx)
{
	__u8 *front = packet_at(ctx->data), *end = packet_at(ctx->data_end);

	return front + 18 <= end && is_tag(GET16(front + 12)) ? 4 : 0;
}
`,
  },
  {
    names: ["xdp_pop_tag"],
    needs: ["shift_12"],
    text: `static __always_inline bool xdp_pop_tag(struct xdp_md *ctx, __u32 tag)
{
	__u8 *front = packet_at(ctx->data), *end = packet_at(ctx->data_end);

	if (!tag) return 1;
	if (front + 18 > end) return 0;
	shift_12(front + 4, front);
	return bpf_xdp_adjust_head(ctx, 4) == 0;
}
`,
  },
  {
    names: ["without_tag"],
    needs: [],
    text: "static __always_inline __u32 without_tag(__u32 mac_length) { return mac_length > 18 ? mac_length - 4 : 14; }\n",
  },
  {
    names: ["skb_pop_tag"],
    needs: ["without_tag"],
    text: `/*
 * vlan_pop goes by skb->protocol, what stood at offset 12 when the packet came: a tag that comes into the frame and goes
 * out again makes the kernel read it anew. What goes out comes off what the kernel takes for the Ethernet header.
 */
static __always_inline bool skb_pop_tag(struct __sk_buff *ctx, __u32 *mac_length)
{
	__u16 type = 0;
	bool inner;

	if (!ctx->vlan_present) return 1;
	if (bpf_skb_load_bytes(ctx, 12, &type, 2)) return 0;
	inner = is_tag(type) && ctx->len >= 18;
	if ((inner || is_tag(ctx->protocol)) && ctx->protocol != type) {
		if (bpf_skb_vlan_push(ctx, __builtin_bswap16(0x8100), 0) || bpf_skb_vlan_pop(ctx)) return 0;
		*mac_length = without_tag(*mac_length);
	}
	/* A frame that ends in its tag keeps the bytes, and the pop fails when the tag aside is gone. */
	if (bpf_skb_vlan_pop(ctx) && ctx->len >= 18) return 0;
	if (inner) *mac_length = without_tag(*mac_length);
	return 1;
}
`,
  },
  {
    names: ["skb_tag_aside"],
    needs: ["skb_pop_tag"],
    text: `/*
 * Takes a tag that is in the frame into the packet's metadata, where a driver would have put it, and where helpers that
 * look at the protocol want it: the next tag behind one that is popped.
 */
static __always_inline bool skb_tag_aside(struct __sk_buff *ctx)
{
	__u32 mac_length = 14;

	return bpf_skb_vlan_push(ctx, __builtin_bswap16(0x8100), 0) == 0 && skb_pop_tag(ctx, &mac_length);
}
`,
  },
  {
    names: ["skb_insert"],
    needs: ["skb_carry", "skb_zero"],
    text: `/*
 * adjust_room keeps GSO and checksum offload right, and knows IP alone; change_head grows anything. adjust_room
 * works behind what the kernel takes for the Ethernet header, and change_head makes that longer.
 */
static __always_inline bool skb_insert(struct __sk_buff *ctx, __u32 offset, __u32 bytes, __u64 flags, __u32 *mac_length)
{
	if (offset > 256 || bytes > 256 || offset > ctx->len) return 0;
	if (bytes == 0) return 1;
	if (flags && offset == 14 && *mac_length == 14 && bpf_skb_adjust_room(ctx, (int)bytes, BPF_ADJ_ROOM_MAC, flags) == 0) return 1;
	if (bpf_skb_change_head(ctx, bytes, 0)) return 0;
	*mac_length += bytes;
	if (!skb_carry(ctx, 0, bytes, offset)) return 0;
	return offset == 0 || skb_zero(ctx, offset, bytes);
}
`,
  },
  {
    names: ["skb_remove"],
    needs: ["skb_carry"],
    text: `/* adjust_room takes bytes behind the Ethernet header: what stays in front of the gap is carried there first. */
static __always_inline bool skb_remove(struct __sk_buff *ctx, __u32 offset, __u32 bytes, __u32 start)
{
	__u32 length = ctx->len;

	if (offset > 256 || (offset < 14 && bytes > 256) || bytes > length || offset > length - bytes) return 0;
	if (bytes == 0) return 1;
	if (start > 256 + offset) return 0;
	if (ctx->protocol != __builtin_bswap16(0x0800) && ctx->protocol != __builtin_bswap16(0x86dd)) return 0;
	if (bytes > 4095 || ctx->len < start + bytes + (ctx->protocol == __builtin_bswap16(0x0800) ? 20 : 40)) return 0;
	if (offset > start && !skb_carry(ctx, start + bytes, start, offset - start)) return 0;
	if (offset < start && !skb_carry(ctx, offset, offset + bytes, start - offset)) return 0;
	return bpf_skb_adjust_room(ctx, -(int)bytes, BPF_ADJ_ROOM_MAC, 0) == 0;
}
`,
  },
  {
    names: ["skb_grow"],
    needs: ["skb_insert"],
    text: "static __always_inline bool skb_grow(struct __sk_buff *ctx, __u32 bytes, __u32 *mac_length) { return skb_insert(ctx, 0, bytes, 0, mac_length); }\n",
  },
  {
    names: ["skb_shrink"],
    needs: ["skb_remove"],
    text: "static __always_inline bool skb_shrink(struct __sk_buff *ctx, __u32 bytes, __u32 start) { return skb_remove(ctx, 0, bytes, start); }\n",
  },
  {
    names: ["skb_trim"],
    needs: [],
    text: `static __always_inline bool skb_trim(struct __sk_buff *ctx, __u32 length, __u32 tag)
{
	if (length < 14 || length + tag > ctx->len) return 0;
	return length + tag == ctx->len || bpf_skb_change_tail(ctx, length + tag, 0) == 0;
}
`,
  },
  {
    names: ["skb_pull"],
    needs: [],
    text: `static __always_inline bool skb_pull(struct __sk_buff *ctx, __u32 bytes, __u32 tag)
{
	if (bytes + tag > ctx->len || bytes > 0xffff) return 0;
	return bytes == 0 || bpf_skb_pull_data(ctx, bytes + tag) == 0;
}
`,
  },
  {
    names: ["skb_set_tag"],
    needs: ["skb_store", "without_tag"],
    text: `/*
 * Where the kernel takes the packet for tagged, popping would take the next tag, or what the program has there now, out of
 * the frame: the tag that is aside comes into the frame instead, is changed there and goes back.
 */
static __always_inline bool skb_set_tag(struct __sk_buff *ctx, __u16 tci, __u32 *mac_length)
{
	__u16 proto = __builtin_bswap16(0x8100);

	if (ctx->vlan_present) {
		if (is_tag(ctx->protocol)) {
			tci = __builtin_bswap16(tci);
			*mac_length = without_tag(*mac_length);
			return bpf_skb_vlan_push(ctx, proto, 0) == 0 && skb_store(ctx, 14, &tci, 2) == 0 && bpf_skb_vlan_pop(ctx) == 0;
		}
		proto = ctx->vlan_proto;
		if (bpf_skb_vlan_pop(ctx)) return 0;
	}
	return bpf_skb_vlan_push(ctx, proto, tci) == 0;
}
`,
  },
];
