// A set-associative flow table in a global array: sets of eight slots of whole cache lines, a hint of eight 16-bit
// fingerprints for each set, a lock for 128 sets. Readers take none: a slot's control word (bit 0 while it is written, bit
// 1 live, bit 2 established, above them a version) is read before and behind what is copied. Who includes this says before
// what a flow keeps: FT_VALUE, a struct that has at least the words state and seen.
#pragma once
#include "twin.h"

#define FT_SETS (1u << 14)
#define FT_SLOTS (FT_SETS * 8)
#define FT_REGION 7
#define FT_FRESH (60 * 250)
#define FT_ESTABLISHED (7200 * 250)
#define FT_BARRIER asm volatile("" ::: "memory")
#define FT_HIDE(x) asm volatile("" : "+r"(x))
#define FT_READ(x) (*(volatile typeof(x) *)&(x))
#define FT_LANES 0x0001000100010001ull
#define FT_LOW 0x7fff7fff7fff7fffull
enum { FT_NEW, FT_HIT, FT_BUSY, FT_FULL };

struct ft_slot {
	u64 k0, k1, control;
	FT_VALUE value;
} __attribute__((aligned(64)));
struct ft_table {
	u64 seed;
	u32 idle[2];
	u32 pad[12];
	struct {
		u32 taken, pad[15];
	} lock[FT_SETS >> FT_REGION];
	u64 hint[FT_SETS][2];
	struct ft_slot slot[FT_SLOTS];
};
struct ft_table ft SEC(".bss.flows") __attribute__((aligned(64)));
struct ft_where {
	u32 s1, s2, home;
	u64 pattern;
};

static __always_inline struct ft_where ft_where(u64 k0, u64 k1)
{
	struct ft_where w;
	u64 h = (k0 ^ ft.seed) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 32 ^ k1) * 0xc2b2ae3d27d4eb4full;
	w.s1 = h >> 50;
	w.s2 = w.s1 ^ ((h >> 44 & 127) | 1);
	w.home = w.s1 * 8 + (h >> 25 & 7);
	w.pattern = ((u16)(h >> 28) | 1) * FT_LANES;
	return w;
}
static __always_inline u64 ft_zeros(u64 x) { return ~(((x & FT_LOW) + FT_LOW) | x | FT_LOW) >> 15; }
static __always_inline u32 ft_lane(u64 a, u64 b)
{
	if (!(a | b))
		return 8;
	return (((a | b) * 0x0000000100020003ull >> 48) & 3) | ((b * FT_LANES >> 46) & 4);
}
static __always_inline u64 ft_hint(u32 set, u32 half) { return FT_READ(ft.hint[set & (FT_SETS - 1)][half]); }
static __always_inline u32 ft_way(u32 set, u64 pattern)
{
	return ft_lane(ft_zeros(ft_hint(set, 0) ^ pattern), ft_zeros(ft_hint(set, 1) ^ pattern));
}
static __always_inline struct ft_slot *ft_at(u32 slot) { return &ft.slot[slot & (FT_SLOTS - 1)]; }
static __always_inline int ft_fresh(u64 control, u32 seen, u32 now)
{
	return (int)(*(u32 *)((void *)ft.idle + (control & 4)) - (now - seen)) >= 0;
}
static __always_inline int ft_holds(struct ft_slot *f, u64 k0, u64 k1, u64 *control)
{
	u64 c = FT_READ(f->control);
	FT_BARRIER;
	*control = c;
	return (c & 3) == 2 && f->k0 == k0 && f->k1 == k1;
}

// A flow as of one moment.
struct ft_moment {
	u64 control;
	u32 state, seen;
};

// The flow's slot, live and not idle for too long, and what it was when it was looked at.
static __always_inline struct ft_slot *ft_find(u64 k0, u64 k1, u32 now, struct ft_moment *moment)
{
	struct ft_where w = ft_where(k0, k1);
	struct ft_slot *f = ft_at(w.home);
	u64 control;
	u32 way, seen;

	*moment = (struct ft_moment){};

	if (ft_holds(f, k0, k1, &control))
		goto found;
	way = ft_way(w.s1, w.pattern);
	if (way < 8 && ft_holds(f = ft_at(w.s1 * 8 + way), k0, k1, &control))
		goto found;
	way = ft_way(w.s2, w.pattern);
	if (way > 7 || !ft_holds(f = ft_at(w.s2 * 8 + way), k0, k1, &control))
		return 0;
found:
	moment->state = f->value.state;
	seen = f->value.seen;
	FT_BARRIER;
	if (FT_READ(f->control) != control) {
		if (!ft_holds(f, k0, k1, &control))
			return 0;
		moment->state = f->value.state;
		seen = f->value.seen;
		FT_BARRIER;
		if (FT_READ(f->control) != control)
			return 0;
	}
	if (!ft_fresh(control, seen, now))
		return 0;
	moment->control = control;
	moment->seen = seen;
	return f;
}

// Gives a flow another state, where it is as it was looked at; who reads meanwhile reads again.
static __always_inline int ft_become(struct ft_slot *f, struct ft_moment *moment, u32 state, u32 established)
{
	if (!__sync_bool_compare_and_swap(&f->control, moment->control, moment->control | 1))
		return 0;
	f->value.state = moment->state = state;
	moment->control = (moment->control & ~7ull) + 10 + established * 4;
	__sync_lock_test_and_set(&f->control, moment->control);
	return 1;
}

static __always_inline void ft_forget(struct ft_slot *f, struct ft_moment *moment)
{
	__sync_bool_compare_and_swap(&f->control, moment->control, moment->control & ~2ull);
}

// A victim's rank: 2 gone or expired, 1 not established, 0 established; then age, then the lower place.
static __always_inline u64 ft_rank(u32 slot, u32 place, u32 now)
{
	struct ft_slot *f = ft_at(slot);
	u64 control = FT_READ(f->control), established = control >> 2 & 1, age = (u32)(now - FT_READ(f->value.seen)), early, left, old;
	FT_HIDE(established);
	early = age >> 31;
	FT_HIDE(early);
	age &= early - 1;
	left = *(u32 *)((void *)ft.idle + established * 4) - age;
	FT_HIDE(left);
	old = (~control >> 1 & 1) | left >> 63;
	FT_HIDE(old);
	return (old << 1 | ((old | established) ^ 1)) << 40 | age << 8 | (31 - place);
}
static __always_inline u64 ft_higher(u64 a, u64 b)
{
	u64 d = a - b, sign;
	FT_HIDE(d);
	sign = d >> 63;
	FT_HIDE(sign);
	return b + (d & (sign - 1));
}
static __always_inline u64 ft_eldest(u32 set, u32 first, u32 now)
{
	u64 best = 0;
#pragma unroll
	for (u32 i = 0; i < 8; i++)
		best = ft_higher(ft_rank(set * 8 + i, first + i, now), best);
	return best;
}
static __always_inline int ft_take(u32 *lock)
{
	if (!__sync_lock_test_and_set(lock, 1))
		return 1;
#pragma unroll
	for (int i = 1; i < 16; i++) {
		bpf_ktime_get_ns();
		if (!FT_READ(*lock) && !__sync_lock_test_and_set(lock, 1))
			return 1;
	}
	return 0;
}

struct ft_new {
	u64 k0, k1;
	FT_VALUE value;
};
__attribute__((noinline)) int ft_insert(struct ft_new *new)
{
	struct ft_where w;
	struct ft_slot *f;
	u64 control, best = 0;
	u32 slot, w1, w2, n1, n2, now, set;
	int result = FT_BUSY << 24;
	u32 *lock;

	if (!new)
		return result;
	w = ft_where(new->k0, new->k1);
	now = new->value.seen;
	lock = &ft.lock[w.s1 >> FT_REGION & ((FT_SETS >> FT_REGION) - 1)].taken;
	if (!ft_take(lock))
		return result;
	w1 = ft_way(w.s1, w.pattern);
	w2 = ft_way(w.s2, w.pattern);
	f = ft_at(slot = w.s1 * 8 + (w1 & 7));
	if (w1 < 8 && f->k0 == new->k0 && f->k1 == new->k1)
		goto found;
	f = ft_at(slot = w.s2 * 8 + (w2 & 7));
	if (w2 < 8 && f->k0 == new->k0 && f->k1 == new->k1)
		goto found;
	n1 = w1 < 8 ? 0 : (ft_zeros(ft_hint(w.s1, 0)) + ft_zeros(ft_hint(w.s1, 1))) * FT_LANES >> 48;
	n2 = w2 < 8 ? 0 : (ft_zeros(ft_hint(w.s2, 0)) + ft_zeros(ft_hint(w.s2, 1))) * FT_LANES >> 48;
	if (n1 | n2) {
		set = n1 > 3 || n1 >= n2 ? w.s1 : w.s2;
		u64 z0 = ft_zeros(ft_hint(set, 0)), z1 = z0 ? 0 : ft_zeros(ft_hint(set, 1));
		slot = set * 8 + (ft_lane(z0 & -z0, z1 & -z1) & 7);
		if (set == w.s1 && !((u16 *)ft.hint)[w.home & (FT_SLOTS - 1)])
			slot = w.home;
		f = ft_at(slot);
		control = FT_READ(f->control);
		goto claim;
	}
	if (w1 == 8)
		best = ft_eldest(w.s1, 0, now);
	else if (w2 < 8)
		best = ft_rank(w.s1 * 8 + (w1 & 7), w1 & 7, now);
	if (w2 == 8 && best >> 40 == 0)
		best = ft_higher(ft_eldest(w.s2, 8, now), best);
	if (best >> 40 == 0) {
		result = FT_FULL << 24;
		goto out;
	}
	w1 = 31 - (best & 31);
	f = ft_at(slot = (w1 & 8 ? w.s2 : w.s1) * 8 + (w1 & 7));
	control = FT_READ(f->control);
	if (ft_rank(slot, 0, now) >> 40 == 0)
		goto out;
	goto claim;
found:
	control = FT_READ(f->control);
	if ((control & 3) == 2 && ft_fresh(control, FT_READ(f->value.seen), now)) {
		result = FT_HIT << 24 | (slot & (FT_SLOTS - 1));
		goto out;
	}
claim:
	if (control & 1 || !__sync_bool_compare_and_swap(&f->control, control, control | 1))
		goto out;
	f->k0 = new->k0;
	f->k1 = new->k1;
	f->value = new->value;
	__sync_lock_test_and_set(&f->control, (control & ~7ull) + 10);
	((u16 *)ft.hint)[slot & (FT_SLOTS - 1)] = w.pattern;
	result = FT_NEW << 24 | (slot & (FT_SLOTS - 1));
out:
	__sync_lock_test_and_set(lock, 0);
	return result;
}
