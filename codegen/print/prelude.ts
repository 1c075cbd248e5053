/** What every program's C begins with: types, contexts, helpers by number. Self-contained, so that building needs no kernel headers. */

/** The kernel's interface, as <linux/bpf.h> numbers it. */
export const prelude = `typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef unsigned __int128 __u128;
#define bool _Bool

#define SEC(name) __attribute__((section(name), used))
#define __always_inline inline __attribute__((always_inline))
#define __uint(name, value) int (*name)[value]
#define __type(name, value) typeof(value) *name
#define offsetof(type, member) __builtin_offsetof(type, member)
/* Keeps clang from making an address or an index anew behind its check. */
#define barrier_var(x) asm volatile("" : "+r"(x))
/* Keeps clang from making one access of several to the context: the verifier takes no context with a computed offset. */
#define KEEP_APART asm volatile("" : : "i"(__COUNTER__))

enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LRU_PERCPU_HASH = 10,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_DEVMAP = 14,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_F_NO_PREALLOC = 1,
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_INGRESS = 1,
	BPF_F_BROADCAST = 8,
	BPF_F_EXCLUDE_INGRESS = 16,
	BPF_F_PSEUDO_HDR = 16,
	BPF_F_MARK_MANGLED_0 = 32,
	BPF_ADJ_ROOM_MAC = 1,
	BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 = 2,
	BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 = 4,
	BPF_F_ADJ_ROOM_ENCAP_L4_GRE = 8,
	BPF_F_ADJ_ROOM_ENCAP_L4_UDP = 16,
	BPF_F_ADJ_ROOM_NO_CSUM_RESET = 32,
	XDP_ABORTED = 0,
	XDP_DROP = 1,
	XDP_PASS = 2,
	XDP_TX = 3,
	TC_ACT_UNSPEC = -1,
	TC_ACT_SHOT = 2,
};

/* The verifier takes no context with a computed offset: a field is read where it stands (clang 18 and newer). */
#if __has_attribute(preserve_static_offset)
#define CONTEXT __attribute__((preserve_static_offset))
#else
#define CONTEXT
#endif

struct CONTEXT xdp_md {
	__u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};
struct CONTEXT __sk_buff {
	__u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority;
	__u32 ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end, napi_id, family;
	__u32 remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port, data_meta;
	__u64 flow_keys;
	__u64 tstamp;
	__u32 wire_len, gso_segs;
	__u64 sk;
	__u32 gso_size, tstamp_type, padding;
	__u64 hwtstamp;
};

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const bpf_map_update_elem)(void *map, const void *key, const void *value, __u64 flags) = (void *)2;
static long (*const bpf_map_delete_elem)(void *map, const void *key) = (void *)3;
static __u64 (*const bpf_ktime_get_ns)(void) = (void *)5;
static __u32 (*const bpf_get_prandom_u32)(void) = (void *)7;
static __u32 (*const bpf_get_smp_processor_id)(void) = (void *)8;
static long (*const bpf_skb_store_bytes)(void *skb, __u32 offset, const void *from, __u32 len, __u64 flags) = (void *)9;
static long (*const bpf_l4_csum_replace)(void *skb, __u32 offset, __u64 from, __u64 to, __u64 flags) = (void *)11;
static long (*const bpf_tail_call)(void *ctx, void *programs, __u32 index) = (void *)12;
static long (*const bpf_clone_redirect)(void *skb, __u32 ifindex, __u64 flags) = (void *)13;
static long (*const bpf_skb_vlan_push)(void *skb, __u16 proto, __u16 tci) = (void *)18;
static long (*const bpf_skb_vlan_pop)(void *skb) = (void *)19;
static long (*const bpf_redirect)(__u32 ifindex, __u64 flags) = (void *)23;
static long (*const bpf_skb_load_bytes)(const void *skb, __u32 offset, void *to, __u32 len) = (void *)26;
static __u32 (*const bpf_get_hash_recalc)(void *skb) = (void *)34;
static __s64 (*const bpf_csum_diff)(void *from, __u32 from_size, void *to, __u32 to_size, __u32 seed) = (void *)28;
static long (*const bpf_skb_change_tail)(void *skb, __u32 len, __u64 flags) = (void *)38;
static long (*const bpf_skb_pull_data)(void *skb, __u32 len) = (void *)39;
static __s64 (*const bpf_csum_update)(void *skb, __u32 csum) = (void *)40;
static long (*const bpf_skb_change_head)(void *skb, __u32 len, __u64 flags) = (void *)43;
static long (*const bpf_xdp_adjust_head)(void *xdp, int delta) = (void *)44;
static long (*const bpf_skb_adjust_room)(void *skb, __s32 len_diff, __u32 mode, __u64 flags) = (void *)50;
static long (*const bpf_redirect_map)(void *map, __u64 key, __u64 flags) = (void *)51;
static long (*const bpf_xdp_adjust_tail)(void *xdp, int delta) = (void *)65;
static long (*const bpf_fib_lookup)(void *ctx, void *params, int plen, __u32 flags) = (void *)69;
static __u64 (*const bpf_jiffies64)(void) = (void *)118;
static void *(*const bpf_ringbuf_reserve)(void *ring, __u64 size, __u64 flags) = (void *)131;
static void (*const bpf_ringbuf_submit)(void *data, __u64 flags) = (void *)132;
static long (*const bpf_redirect_neigh)(__u32 ifindex, void *params, int plen, __u64 flags) = (void *)152;
static __u64 (*const bpf_ktime_get_coarse_ns)(void) = (void *)160;
static __s64 (*const bpf_tcp_raw_gen_syncookie_ipv4)(void *ip, void *tcp, __u32 tcp_len) = (void *)204;
static __s64 (*const bpf_tcp_raw_gen_syncookie_ipv6)(void *ip, void *tcp, __u32 tcp_len) = (void *)205;
static long (*const bpf_tcp_raw_check_syncookie_ipv4)(void *ip, void *tcp) = (void *)206;
static long (*const bpf_tcp_raw_check_syncookie_ipv6)(void *ip, void *tcp) = (void *)207;
static long (*const bpf_xdp_store_bytes)(void *xdp, __u32 offset, void *from, __u32 len) = (void *)190;
static long (*const bpf_xdp_load_bytes)(void *xdp, __u32 offset, void *to, __u32 len) = (void *)189;

#define GET8(p) (*(const __u8 *)(p))
#define GET16(p) (*(const __u16 *)(p))
#define GET32(p) (*(const __u32 *)(p))
#define GET64(p) (*(const __u64 *)(p))
#define PUT8(p, v) (*(__u8 *)(p) = (v))
#define PUT16(p, v) (*(__u16 *)(p) = (v))
#define PUT32(p, v) (*(__u32 *)(p) = (v))
#define PUT64(p, v) (*(__u64 *)(p) = (v))

/* The context holds addresses as 32 bits, which the verifier knows for pointers: clang must not think that they are short. */
static __always_inline __u8 *packet_at(__u64 address)
{
	barrier_var(address);
	return (__u8 *)address;
}

/*
 * Whether bytes from an address on end behind the packet. The address is a copy: where a check fails that a larger one has made
 * needless, the verifier takes its pointer for one behind the packet, and clang would read by it.
 */
static __always_inline bool lies_beyond(const __u8 *start, __u32 bytes, const __u8 *data_end)
{
	start += bytes;
	barrier_var(start);
	return start > data_end;
}

/* A difference of pointers is taken in 64 bits: the verifier refuses it in 32. */
static __always_inline __u64 bytes_between(const __u8 *end, const __u8 *start)
{
	__u64 bytes = end - start;

	barrier_var(bytes);
	return bytes;
}

/* Integers in network order. Packets are read at any alignment: the targets allow it. */
static __always_inline __u16 be16(const void *p) { return __builtin_bswap16(GET16(p)); }
static __always_inline __u32 be32(const void *p) { return __builtin_bswap32(GET32(p)); }
static __always_inline __u64 be48(const void *p) { return (__u64)be32(p) << 16 | be16(p + 4); }
static __always_inline __u64 be64(const void *p) { return __builtin_bswap64(GET64(p)); }
static __always_inline __u128 be128(const void *p) { return (__u128)be64(p) << 64 | be64(p + 8); }
static __always_inline void put_be16(void *p, __u16 v) { PUT16(p, __builtin_bswap16(v)); }
static __always_inline void put_be32(void *p, __u32 v) { PUT32(p, __builtin_bswap32(v)); }
static __always_inline void put_be48(void *p, __u64 v)
{
	put_be32(p, v >> 16);
	put_be16(p + 4, v);
}
static __always_inline void put_be64(void *p, __u64 v) { PUT64(p, __builtin_bswap64(v)); }
static __always_inline void put_be128(void *p, __u128 v)
{
	put_be64(p, v >> 64);
	put_be64(p + 8, v);
}
/* The same by words, for memory that is aligned to 4. */
static __always_inline void put_be64_words(void *p, __u64 v)
{
	put_be32(p, v >> 32);
	put_be32(p + 4, v);
}
static __always_inline void put_be128_words(void *p, __u128 v)
{
	put_be64_words(p, v >> 64);
	put_be64_words(p + 8, v);
}
static __always_inline void put_le64_words(void *p, __u64 v)
{
	PUT32(p, v);
	PUT32(p + 4, v >> 32);
}
static __always_inline void put_le128_words(void *p, __u128 v)
{
	put_le64_words(p, v);
	put_le64_words(p + 8, v >> 64);
}
/* And by halves. */
static __always_inline __u64 be48_halves(const void *p) { return (__u64)be16(p) << 32 | (__u32)be16(p + 2) << 16 | be16(p + 4); }
static __always_inline void put_be48_halves(void *p, __u64 v)
{
	put_be16(p, v >> 32);
	put_be16(p + 2, v >> 16);
	put_be16(p + 4, v);
}
/* Integers in host order; 48 bits are three halves, 128 two words. */
static __always_inline __u64 le48(const void *p) { return GET16(p) | (__u64)GET16(p + 2) << 16 | (__u64)GET16(p + 4) << 32; }
/* By halves: of two shifts of 128 bits clang would make one by a variable count, which eBPF has no code for. */
static __always_inline __u128 shifted_up(__u128 v, __u32 count)
{
	__u64 low = v, high = v >> 64;

	if (count == 0) return v;
	if (count > 127) return 0;
	if (count >= 64) return (__u128)(low << (count - 64)) << 64;
	return (__u128)(high << count | low >> (64 - count)) << 64 | low << count;
}
static __always_inline __u128 shifted_down(__u128 v, __u32 count)
{
	__u64 low = v, high = v >> 64;

	if (count == 0) return v;
	if (count > 127) return 0;
	if (count >= 64) return high >> (count - 64);
	return (__u128)(high >> count) << 64 | (low >> count | high << (64 - count));
}
static __always_inline __u128 le128(const void *p) { return GET64(p) | (__u128)GET64(p + 8) << 64; }
static __always_inline void put_le48(void *p, __u64 v)
{
	PUT16(p, v);
	PUT16(p + 2, v >> 16);
	PUT16(p + 4, v >> 32);
}
static __always_inline void put_le128(void *p, __u128 v)
{
	PUT64(p, v);
	PUT64(p + 8, v >> 64);
}
/* Memory that other CPUs write: read once, here. */
#define READ_ONCE8(p) (*(const volatile __u8 *)(p))
#define READ_ONCE16(p) (*(const volatile __u16 *)(p))
#define READ_ONCE32(p) (*(const volatile __u32 *)(p))
#define READ_ONCE64(p) (*(const volatile __u64 *)(p))
static __always_inline __u64 once_le48(const void *p)
{
	return READ_ONCE16(p) | (__u64)READ_ONCE16(p + 2) << 16 | (__u64)READ_ONCE16(p + 4) << 32;
}
static __always_inline __u128 once_le128(const void *p) { return READ_ONCE64(p) | (__u128)READ_ONCE64(p + 8) << 64; }

/* 802.1Q or 802.1ad, in the order it has in the frame. */
static __always_inline bool is_tag(__u16 type) { return __builtin_expect(type == 0x0081 || type == 0xa888, 0); }
`;
