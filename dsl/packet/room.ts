/** How far a packet can grow, shrink and be cut at each kind of hook, as the kernel decides it. */

export type HookKind = "xdp" | "tc";

/** 256 bytes in front of a frame in the driver, less the kernel's own struct xdp_frame. */
const XDP_HEADROOM = 216;
/** `bpf_skb_adjust_room` takes no more away at once. */
const TC_STEP = 4095;
/** What is carried to another place is no longer: the front of a gap, and the gap's own zeros on tc. */
const CARRIED = 256;
const TAG_SIZE = 4;
const ETHERNET = 14;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;

export class Room {
  readonly #kind: HookKind;
  /** what the kernel took for the packet's protocol when it came; on tc it decides whether the front may shrink */
  #protocol: number;
  #headroom = XDP_HEADROOM;

  constructor(kind: HookKind, protocol: number) {
    this.#kind = kind;
    this.#protocol = protocol;
  }
  /** Takes `bytes` in front, for a gap at `offset`, where there is room. */
  grow(offset: number, bytes: number): boolean {
    if (offset > CARRIED) return false;
    if (this.#kind === "tc") return bytes <= CARRIED;
    if (bytes > this.#headroom) return false;
    this.#headroom -= bytes;
    return true;
  }
  /** Gives `bytes` at `offset` back, where enough of the packet stays. */
  shrink(offset: number, bytes: number, length: number): boolean {
    if (offset > CARRIED || (offset < ETHERNET && bytes > CARRIED)) return false;
    if (this.#kind === "xdp") {
      if (length - bytes < ETHERNET) return false;
      this.#headroom += bytes;
      return true;
    }
    if (bytes === 0) return true;
    const least = this.#protocol === ETHERTYPE_IPV4 ? 20 : this.#protocol === ETHERTYPE_IPV6 ? 40 : undefined;
    return least !== undefined && bytes <= TC_STEP && length - ETHERNET - bytes >= least;
  }
  /** A tag in the frame takes room in front. */
  pushTag(): boolean {
    return this.#kind === "tc" || this.grow(0, TAG_SIZE);
  }
  popTag(): void {
    this.#headroom += TAG_SIZE;
  }
  trim(length: number, before: number): boolean {
    return length >= ETHERNET && length <= before;
  }
  /** An outer IP header of another family changes what the kernel takes the packet for. */
  encapsulated(outer: "ip4" | "ip6" | undefined): void {
    const isIp = this.#protocol === ETHERTYPE_IPV4 || this.#protocol === ETHERTYPE_IPV6;
    if (isIp && outer) this.#protocol = outer === "ip4" ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
  }
}
