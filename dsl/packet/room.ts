/** How far a packet can grow, shrink and be cut at each kind of hook, as the kernel decides it. */

import { isTagProtocol } from "./frame.js";

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
  /** how much the kernel takes for the Ethernet header: on tc a gap that it was not told the meaning of counts to it */
  #start = ETHERNET;
  #isEncapsulated = false;

  constructor(kind: HookKind, protocol: number) {
    this.#kind = kind;
    this.#protocol = protocol;
  }
  /**
   * Takes `bytes` in front, for a gap at `offset`, where there is room.
   * @param outer the address family of the outer header that it is for
   */
  grow(offset: number, bytes: number, outer?: "ip4" | "ip6"): boolean {
    if (offset > CARRIED) return false;
    if (this.#kind === "tc") {
      if (bytes > CARRIED) return false;
      if (bytes > 0 && !(outer && this.#encapsulates(offset, outer))) this.#start += bytes;
      return true;
    }
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
    if (this.#start > CARRIED + offset) return false;
    return least !== undefined && bytes <= TC_STEP && length - this.#start - bytes >= least;
  }
  /** A tag in the frame takes room in front. */
  pushTag(): boolean {
    return this.#kind === "tc" || this.grow(0, TAG_SIZE);
  }
  /**
   * @param isInner whether the next tag is the outermost now
   * @param before what stood at offset 12
   * @param after what stands there now
   */
  popTag(isInner: boolean, before: number, after: number): void {
    this.#headroom += TAG_SIZE;
    if (before !== this.#protocol && (isInner || isTagProtocol(this.#protocol))) this.#readAnew(before);
    if (isInner) this.#readAnew(after);
  }
  /** A tag changes: where the kernel takes the packet for tagged, it goes through the frame. */
  changeTag(type: number): void {
    if (isTagProtocol(this.#protocol)) this.#readAnew(type);
  }
  /** What the kernel does when it takes a tag out of the frame: the type behind it, and 4 bytes less for the Ethernet header. */
  #readAnew(type: number): void {
    this.#protocol = type;
    this.#start = Math.max(this.#start - TAG_SIZE, ETHERNET);
  }
  trim(length: number, before: number): boolean {
    return length >= ETHERNET && length <= before;
  }
  /** Whether the kernel makes the room itself (bpf_skb_adjust_room): for IP, once. The outer header's family is then the packet's. */
  #encapsulates(offset: number, outer: "ip4" | "ip6"): boolean {
    const isIp = this.#protocol === ETHERTYPE_IPV4 || this.#protocol === ETHERTYPE_IPV6;
    if (!isIp || offset !== ETHERNET || this.#start !== ETHERNET || this.#isEncapsulated) return false;
    this.#isEncapsulated = true;
    this.#protocol = outer === "ip4" ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
    return true;
  }
}
