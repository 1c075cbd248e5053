/** The contexts that a test run gives a program: the kernel's `struct xdp_md` and `struct __sk_buff`, in bytes. */

const XDP_MD = 24;
const SK_BUFF = 192;
/** linux/bpf.h, struct __sk_buff */
const SK_BUFF_MARK = 8;
const SK_BUFF_PRIORITY = 32;
const SK_BUFF_INGRESS_IFINDEX = 36;
const SK_BUFF_IFINDEX = 40;
const SK_BUFF_TSTAMP = 152;

export interface PacketContext {
  /** the device that the packet came by; it must be in this network namespace, and for XDP have a program on it */
  readonly ifindex?: number;
  readonly mark?: number;
  readonly priority?: number;
  /** earliest departure, nanoseconds */
  readonly departure?: bigint;
}

export function xdpContext(length: number, context: PacketContext): Uint8Array {
  const view = new DataView(new ArrayBuffer(XDP_MD));
  view.setUint32(4, length, true); // data_end; data and data_meta stay 0
  view.setUint32(12, context.ifindex ?? 0, true);
  return new Uint8Array(view.buffer);
}

export function skBuffContext(context: PacketContext): Uint8Array {
  const view = new DataView(new ArrayBuffer(SK_BUFF));
  view.setUint32(SK_BUFF_MARK, context.mark ?? 0, true);
  view.setUint32(SK_BUFF_PRIORITY, context.priority ?? 0, true);
  view.setUint32(SK_BUFF_INGRESS_IFINDEX, context.ifindex ?? 0, true);
  view.setBigUint64(SK_BUFF_TSTAMP, context.departure ?? 0n, true);
  view.setUint32(SK_BUFF_IFINDEX, context.ifindex ?? 0, true);
  return new Uint8Array(view.buffer);
}

/** What a tc program left in its context. */
export function readSkBuff(bytes: Uint8Array): { mark: number; priority: number; departure: bigint } | undefined {
  if (bytes.length < SK_BUFF_TSTAMP + 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    mark: view.getUint32(SK_BUFF_MARK, true),
    priority: view.getUint32(SK_BUFF_PRIORITY, true),
    departure: view.getBigUint64(SK_BUFF_TSTAMP, true),
  };
}
