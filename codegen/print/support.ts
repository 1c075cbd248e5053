/** Functions of the generated C that some programs need; each is printed only where it is called. */
import type { Registry } from "../specialise/registry.js";

interface Part {
  readonly name: string;
  readonly text: string;
}

const parts: readonly Part[] = [
  { name: "REFLECTED", text: "/* Marks a packet that a hook turned round, for the pipeline's other hook to let it by. */\n#define REFLECTED 0xda7a\n" },
  {
    name: "clamp32",
    text: "static __always_inline __u32 clamp32(__u32 value, __u32 least, __u32 most)\n{\n\treturn value < least ? least : value > most ? most : value;\n}\n",
  },
  {
    name: "clamp64",
    text: "static __always_inline __u64 clamp64(__u64 value, __u64 least, __u64 most)\n{\n\treturn value < least ? least : value > most ? most : value;\n}\n",
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
    text: `/* The largest frame that will leave: a GSO packet's segments, headers included. */
static __always_inline __u32 wire_length(struct __sk_buff *skb)
{
	return skb->gso_size ? skb->gso_size + 14 + 20 + 20 : skb->len;
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
];

/** The texts of all parts, whether a program needs them or not. */
export const supportText: readonly string[] = parts.map(part => part.text);

/** The support code that a program's text calls. */
export function supportFor(_registry: Registry, text: string, _testing: boolean): string {
  const needed = parts.filter(part => text.includes(part.name));
  // A part may call another: folded() for note_change().
  const more = parts.filter(part => !needed.includes(part) && needed.some(other => other.text.includes(`${part.name}(`)));
  return parts
    .filter(part => needed.includes(part) || more.includes(part))
    .map(part => part.text)
    .join("\n");
}

export { moveSupport } from "./move-support.js";
