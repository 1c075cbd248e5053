// Internet checksums that follow what is written (RFC 1624).
#pragma once

static __always_inline u32 halves(u32 word)
{
	return (word & 0xffff) + (word >> 16);
}
static __always_inline u16 folded(u32 sum)
{
	sum = halves(sum);
	return sum + (sum >> 16);
}
static __always_inline u32 changed(u32 before, u32 after)
{
	return halves(~before) + halves(after);
}
