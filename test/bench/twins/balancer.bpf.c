// One service, 10.200.1.1:80 of TCP over IPv4 without tags, fragments or options, over 128 backends: flows stay where they
// are, new ones go by a Maglev ring. To the backends by IPIP (RFC 2003), or by their stations; flows in the kernel's LRU
// map, or in a table of four slots a set for each CPU.
#include "ring.h"

#define SERVICE IPV4(10, 200, 1, 1)
#define MTU 1500

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, u64);
	__type(value, u32);
} flows SEC(".maps");

#define CPUS 2
#define SETS 32768
struct slot {
	u64 key;
	u32 tag;
	u32 seen;
};
struct {
	struct slot slots[4];
} table[CPUS * SETS] __attribute__((aligned(64)));

static __always_inline u32 halves(u32 word)
{
	return (word & 0xffff) + (word >> 16);
}

// The key of the packet's flow: source address and port; 0 where the packet is none of the service's.
static __always_inline u64 key_of(void *data, void *end)
{
	if (data + 54 > end)
		return 0;
	// EtherType, version and header length in one word; fragments and protocol in another
	if ((AT(u32, data, 12) & 0x00ffffff) != 0x00450008 || (AT(u32, data, 20) & 0xff00ffbf) != 0x06000000)
		return 0;
	if (AT(u32, data, 30) != SERVICE || AT(u16, data, 36) != bpf_htons(80))
		return 0;
	return (u64)AT(u16, data, 34) << 32 | AT(u32, data, 26);
}

// The backend that a flow remembers, if it may have this packet.
static __always_inline struct backend *known(void *data, u32 tag)
{
	struct backend *backend = &balancer.backends[tag % BACKENDS];

	if (backend->tag != tag)
		return 0;
	if (AT(u8, data, 47) & 2 && backend->state != UP)
		return 0;
	return backend;
}

static __always_inline int to_station(void *data, struct backend *backend)
{
	u64 own = AT(u64, data, 0);

	AT(u64, data, 0) = backend->mac | own << 48;
	AT(u32, data, 8) = own >> 16;
	return XDP_TX;
}

static __always_inline int encapsulate(struct xdp_md *ctx, void *data, void *end, struct backend *backend)
{
	u64 length = end - data - 14;
	u64 own = AT(u64, data, 0);
	u32 spread = (u16)(AT(u16, data, 28) ^ AT(u16, data, 34));
	u32 destination = backend->address;

	if (length > MTU - 20)
		return drop(1);
	u16 total = bpf_htons((u16)(bpf_ntohs(AT(u16, data, 16)) + 20));
	if (bpf_xdp_adjust_head(ctx, -20))
		return drop(2);
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + 34 > end)
		return drop(3);
	AT(u64, data, 0) = 0x0000090000000002 | own << 48; // to 02:00:00:00:00:09
	AT(u32, data, 8) = own >> 16;
	AT(u64, data, 12) = 0x0000000000450008 | (u64)total << 32;
	AT(u32, data, 20) = 0x04400040;
	// from 172.16.x.y
	u32 sum = 0x0045 + total + 0x0040 + 0x0440 + 0x10ac + spread + halves(destination);
	sum = halves(sum);
	AT(u16, data, 24) = ~(u16)halves(sum);
	AT(u32, data, 26) = 0x10ac | spread << 16;
	AT(u32, data, 30) = destination;
	return XDP_TX;
}

static __always_inline struct backend *by_map(void *data, u64 key)
{
	u32 *tag = bpf_map_lookup_elem(&flows, &key);
	struct backend *backend = tag ? known(data, *tag) : 0;

	if (backend)
		return backend;
	backend = chosen(key);
	if (backend)
		bpf_map_update_elem(&flows, &key, &backend->tag, BPF_ANY);
	return backend;
}

static __always_inline struct backend *by_table(void *data, u64 key)
{
	u64 hash = mixed(key);
	u32 cpu = bpf_get_smp_processor_id() % CPUS;
	struct slot *slots = table[(hash % SETS + cpu * SETS) % (CPUS * SETS)].slots;
	u32 now = bpf_jiffies64();
	struct slot *slot;

	key |= 1ULL << 63; // a slot that was never used has no key
	if (slots[0].key == key)
		slot = slots;
	else if (slots[1].key == key)
		slot = slots + 1;
	else if (slots[2].key == key)
		slot = slots + 2;
	else if (slots[3].key == key)
		slot = slots + 3;
	else {
		u32 oldest = 0, age = now - slots[0].seen;

		if (now - slots[1].seen > age)
			age = now - slots[1].seen, oldest = 1;
		if (now - slots[2].seen > age)
			age = now - slots[2].seen, oldest = 2;
		if (now - slots[3].seen > age)
			oldest = 3;
		slot = slots + (oldest & 3);
		slot->key = key;
		slot->tag = 0;
	}
	struct backend *backend = slot->tag ? known(data, slot->tag) : 0;
	if (!backend) {
		backend = chosen(key & ~(1ULL << 63));
		if (!backend)
			return 0;
		slot->tag = backend->tag;
	}
	if (slot->seen != now)
		slot->seen = now;
	return backend;
}

#define BALANCER(name, find, send)                                                               \
	SEC("xdp")                                                                               \
	int name(struct xdp_md *ctx)                                                             \
	{                                                                                        \
		void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;        \
		u64 key = key_of(data, end);                                                     \
                                                                                                 \
		if (!key)                                                                        \
			return XDP_PASS;                                                         \
		struct backend *backend = find(data, key);                                       \
		if (!backend)                                                                    \
			return drop(0);                                                          \
		return send;                                                                     \
	}

BALANCER(balancer_map, by_map, encapsulate(ctx, data, end, backend))
BALANCER(balancer_table, by_table, encapsulate(ctx, data, end, backend))
BALANCER(station_map, by_map, to_station(data, backend))
BALANCER(station_table, by_table, to_station(data, backend))

LICENSE;
