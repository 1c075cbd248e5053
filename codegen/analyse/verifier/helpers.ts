/** What of the kernel's helpers matters to a walk: by number, as <linux/bpf.h> has them. */

interface Helper {
  /** registers that it is given, from r1 */
  readonly arguments: number;
  /** it returns memory, or NULL */
  readonly gives?: "memory";
  /** pointers into the packet end */
  readonly moves?: true;
  /** it writes to memory that it is given */
  readonly writes?: true;
  /** a number among its arguments is a size of memory */
  readonly sized?: true;
}

const HELPERS: ReadonlyMap<number, Helper> = new Map<number, Helper>([
  [1, { arguments: 2, gives: "memory" }], // map_lookup_elem
  [2, { arguments: 4 }], // map_update_elem
  [3, { arguments: 2 }], // map_delete_elem
  [5, { arguments: 0 }], // ktime_get_ns
  [7, { arguments: 0 }], // get_prandom_u32
  [8, { arguments: 0 }], // get_smp_processor_id
  [9, { arguments: 5, moves: true, sized: true }], // skb_store_bytes
  [10, { arguments: 5, moves: true }], // l3_csum_replace
  [11, { arguments: 5, moves: true }], // l4_csum_replace
  [12, { arguments: 3, moves: true }], // tail_call (6.13)
  [13, { arguments: 3, moves: true }], // clone_redirect
  [18, { arguments: 3, moves: true }], // skb_vlan_push
  [19, { arguments: 1, moves: true }], // skb_vlan_pop
  [23, { arguments: 2 }], // redirect
  [26, { arguments: 4, writes: true, sized: true }], // skb_load_bytes
  [28, { arguments: 5, sized: true }], // csum_diff
  [34, { arguments: 1 }], // get_hash_recalc
  [38, { arguments: 3, moves: true }], // skb_change_tail
  [39, { arguments: 2, moves: true }], // skb_pull_data
  [40, { arguments: 2 }], // csum_update
  [43, { arguments: 3, moves: true }], // skb_change_head
  [44, { arguments: 2, moves: true }], // xdp_adjust_head
  [50, { arguments: 4, moves: true }], // skb_adjust_room
  [51, { arguments: 3 }], // redirect_map
  [54, { arguments: 2, moves: true }], // xdp_adjust_meta
  [65, { arguments: 2, moves: true }], // xdp_adjust_tail
  [69, { arguments: 4, writes: true, sized: true }], // fib_lookup
  [118, { arguments: 0 }], // jiffies64
  [131, { arguments: 3, gives: "memory", sized: true }], // ringbuf_reserve
  [132, { arguments: 2 }], // ringbuf_submit
  [133, { arguments: 2 }], // ringbuf_discard
  [152, { arguments: 4, sized: true }], // redirect_neigh
  [160, { arguments: 0 }], // ktime_get_coarse_ns
  [189, { arguments: 4, writes: true, sized: true }], // xdp_load_bytes
  [190, { arguments: 4, sized: true }], // xdp_store_bytes
  [204, { arguments: 3, sized: true }], // tcp_raw_gen_syncookie_ipv4
  [205, { arguments: 3, sized: true }], // tcp_raw_gen_syncookie_ipv6
  [206, { arguments: 2 }], // tcp_raw_check_syncookie_ipv4
  [207, { arguments: 2 }], // tcp_raw_check_syncookie_ipv6
]);

/** Of a helper that is not listed everything is thought. */
const UNKNOWN: Helper = { arguments: 5, moves: true, writes: true, sized: true };

export function helperOf(number: number): Helper {
  return HELPERS.get(number) ?? UNKNOWN;
}
/** The object's own functions are given one pointer, never to the packet. */
export const OWN_FUNCTION: Helper = { arguments: 1, writes: true };
