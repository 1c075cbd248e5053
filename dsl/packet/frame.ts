/** A frame apart from its outermost VLAN tag, as every hook shows it to a program. */

/** A tag's fields, and which of 802.1Q (0x8100) and 802.1ad (0x88a8) announced it. */
export interface Tag {
  readonly tpid: number;
  readonly id: number;
  readonly priority: number;
  readonly dropEligible: boolean;
}
export interface Frame {
  readonly bytes: Uint8Array;
  readonly tag: Tag | undefined;
}

/** An Ethernet header: the kernel hands over no shorter frame. */
export const MINIMUM_FRAME = 14;
const TAG_OFFSET = 12;
const TAG_SIZE = 4;
/** Whether an EtherType announces a tag: 802.1Q or 802.1ad. */
export function isTagProtocol(type: number): boolean {
  return type === 0x8100 || type === 0x88a8;
}
/** What a tag that a program pushes is announced as. */
export const VLAN_PROTOCOL = 0x8100;

function word(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** Takes the outermost tag out; a frame that ends inside its tag keeps the bytes. */
export function splitFrame(bytes: Uint8Array): Frame {
  const tpid = word(bytes, TAG_OFFSET);
  if (!isTagProtocol(tpid) || bytes.length < MINIMUM_FRAME + TAG_SIZE) return { bytes: bytes.slice(), tag: undefined };
  const control = word(bytes, TAG_OFFSET + 2);
  const rest = new Uint8Array(bytes.length - TAG_SIZE);
  rest.set(bytes.subarray(0, TAG_OFFSET));
  rest.set(bytes.subarray(TAG_OFFSET + TAG_SIZE), TAG_OFFSET);
  return { bytes: rest, tag: { tpid, id: control & 0xfff, priority: control >> 13, dropEligible: (control & 0x1000) !== 0 } };
}

/** The frame as it is on the wire. */
export function joinFrame({ bytes, tag }: Frame): Uint8Array {
  if (!tag) return bytes.slice();
  const whole = new Uint8Array(bytes.length + TAG_SIZE);
  whole.set(bytes.subarray(0, TAG_OFFSET));
  const control = (tag.priority << 13) | (tag.dropEligible ? 0x1000 : 0) | tag.id;
  whole.set([tag.tpid >> 8, tag.tpid & 0xff, control >> 8, control & 0xff], TAG_OFFSET);
  whole.set(bytes.subarray(TAG_OFFSET), TAG_OFFSET + TAG_SIZE);
  return whole;
}
