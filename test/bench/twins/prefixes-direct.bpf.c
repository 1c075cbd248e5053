// Lets through or drops what comes from prefixes in a table of its own: 2^16 cells by the first half of the address, then 256 for
// each byte. There are two of it, so that one can be written while packets read the other. A cell is 0, an action plus 1, or
// where the next 256 cells are plus 0x8000.
#include "twin.h"

#define CHUNKS 2256

struct chunk {
	u16 cells[256];
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * CHUNKS);
	__type(key, u32);
	__type(value, struct chunk);
} chunks SEC(".maps");

volatile u32 half;

PROGRAM
int prefixes_direct(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *ip = plain_ipv4(data, end);
	if (!ip)
		return PASS;
	u32 source = bpf_ntohl(AT(u32, ip, 12)), at = (half & 1) * CHUNKS + (source >> 24);
	struct chunk *chunk = bpf_map_lookup_elem(&chunks, &at);
	if (!chunk)
		return PASS;
	u32 cell = chunk->cells[source >> 16 & 255];
	if (cell >= 0x8000) {
		at = cell - 0x8000;
		chunk = bpf_map_lookup_elem(&chunks, &at);
		if (!chunk)
			return PASS;
		cell = chunk->cells[source >> 8 & 255];
		if (cell >= 0x8000) {
			at = cell - 0x8000;
			chunk = bpf_map_lookup_elem(&chunks, &at);
			if (!chunk)
				return PASS;
			cell = chunk->cells[source & 255];
		}
	}
	return cell == 3 ? drop(0) : PASS;
}

LICENSE;
