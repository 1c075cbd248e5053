/** SYN cookies in the generated C: the kernel's own, and in a test build the hash that Node has (dsl/helpers/syn-cookie.ts). */

/** The parts of both families: the helpers read headers, of which these are what they look at. */
const headers = {
  4: {
    addresses: "__u32 source, __u32 destination",
    network: "__u32 ip[5] = { 0x45, 0, 0, __builtin_bswap32(source), __builtin_bswap32(destination) };",
    words: "hash = cookie_word(cookie_word(hash, source), destination);",
    pass: "source, destination",
  },
  6: {
    addresses: "__u128 source, __u128 destination",
    network: "__u8 ip[40] __attribute__((aligned(8))) = { 0x60 };\n\n\tput_be128(ip + 8, source);\n\tput_be128(ip + 24, destination);",
    words: [96, 64, 32, 0]
      .map(shift => `hash = cookie_word(hash, source >> ${shift});`)
      .concat([96, 64, 32, 0].map(shift => `hash = cookie_word(hash, destination >> ${shift});`))
      .join("\n\t"),
    pass: "source, destination",
  },
} as const;

/** TCP's header: ports, sequence and acknowledgement number, length in words and flags. */
const segment = (words: number, flags: number, rest: string): string =>
  `__u32 tcp[${words}] = { __builtin_bswap32(source_port << 16 | destination_port), __builtin_bswap32(sequence), ${rest}, __builtin_bswap32(0x${words}0${flags.toString(16).padStart(2, "0")}0000) };`;

function partsOf(family: 4 | 6): readonly { readonly name: string; readonly text: string }[] {
  const { addresses, network, words, pass } = headers[family];
  const parameters = `${addresses}, __u32 source_port, __u32 destination_port, __u32 sequence`;
  return [
    {
      name: `kernel_cookie${family}_make`,
      text: `/* The helper reads the segment size from an option. */
static __always_inline __u32 kernel_cookie${family}_make(${parameters}, __u32 mss)
{
	${segment(6, 0x02, "0")}
	${network}

	tcp[5] = __builtin_bswap32(0x02040000 | (mss & 0xffff));
	return bpf_tcp_raw_gen_syncookie_ipv${family}(ip, tcp, sizeof(tcp));
}
`,
    },
    {
      name: `kernel_cookie${family}_check`,
      text: `static __always_inline bool kernel_cookie${family}_check(${parameters}, __u32 acknowledgement)
{
	${segment(5, 0x10, "__builtin_bswap32(acknowledgement)")}
	${network}

	return bpf_tcp_raw_check_syncookie_ipv${family}(ip, tcp) == 0;
}
`,
    },
    {
      name: `test_cookie${family}`,
      text: `static __always_inline __u32 test_cookie${family}_hash(${parameters})
{
	__u32 hash = 0x5c00c1e5;

	${words}
	hash = cookie_word(cookie_word(hash, source_port << 16 | destination_port), sequence);
	hash = (hash ^ hash >> 16) * 0x85ebca6b;
	hash = (hash ^ hash >> 13) * 0xc2b2ae35;
	return hash ^ hash >> 16;
}
static __always_inline __u32 test_cookie${family}_make(${parameters}, __u32 mss)
{
	return test_cookie${family}_hash(${pass}, source_port, destination_port, sequence) ^ (mss & 0xffff);
}
static __always_inline bool test_cookie${family}_check(${parameters}, __u32 acknowledgement)
{
	return (acknowledgement - 1) >> 16 == test_cookie${family}_hash(${pass}, source_port, destination_port, sequence - 1) >> 16;
}
`,
    },
  ];
}

/** Functions, each printed where its name stands in a program. */
export const cookieParts = [
  {
    name: "test_cookie",
    text: `static __always_inline __u32 cookie_word(__u32 hash, __u32 word)
{
	word *= 0xcc9e2d51;
	hash ^= (word << 15 | word >> 17) * 0x1b873593;
	return (hash << 13 | hash >> 19) * 5 + 0xe6546b64;
}
`,
  },
  ...partsOf(4),
  ...partsOf(6),
];
