/** Messages of rtnetlink: built from and taken apart into attributes (RFC 3549; linux/netlink.h). Little-endian hosts only. */
import { native } from "../native/index.js";

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;

const HEADER = 16;
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface Message {
  readonly type: number;
  /** the fixed part in front of the attributes */
  readonly fixed: DataView;
  readonly attributes: ReadonlyMap<number, DataView>;
}

const aligned = (size: number): number => (size + 3) & ~3;

export function u32Attribute(type: number, value: number): Attribute {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value, true);
  return { type, value: new Uint8Array(view.buffer) };
}

export function textAttribute(type: number, value: string): Attribute {
  return { type, value: Buffer.from(`${value}\0`) };
}

export function nestedAttribute(type: number, inner: readonly Attribute[]): Attribute {
  return { type: type | NESTED, value: attributeBytes(inner) };
}

function attributeBytes(attributes: readonly Attribute[]): Uint8Array {
  const bytes = new Uint8Array(attributes.reduce((size, { value }) => size + aligned(4 + value.length), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { type, value } of attributes) {
    view.setUint16(at, 4 + value.length, true);
    view.setUint16(at + 2, type, true);
    bytes.set(value, at + 4);
    at += aligned(4 + value.length);
  }
  return bytes;
}

/**
 * Sends one request in the thread's network namespace; `purpose` names it in errors. The fixed part of each answer is as
 * long as the request's.
 * @param strict whether the kernel is to heed what a dump's header and attributes ask for
 * @throws {NativeError} with the kernel's own words as `log`
 */
export function request(
  purpose: string,
  type: number,
  flags: number,
  fixed: Uint8Array,
  attributes: readonly Attribute[],
  strict = false,
): Message[] {
  const payload = attributeBytes(attributes);
  const start = HEADER + aligned(fixed.length);
  const bytes = new Uint8Array(start + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  // A dump ends by itself; anything else is acknowledged.
  view.setUint16(6, NLM_F_REQUEST | flags | ((flags & NLM_F_DUMP) === NLM_F_DUMP ? 0 : NLM_F_ACK), true);
  bytes.set(fixed, HEADER);
  bytes.set(payload, start);
  return [...messages(native().netlink(bytes, purpose, strict), fixed.length)];
}

function* messages(bytes: Uint8Array, fixedSize: number): Generator<Message> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + HEADER + fixedSize <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < HEADER + fixedSize || at + length > bytes.length) return;
    const rest = bytes.subarray(at + HEADER + aligned(fixedSize), at + length);
    yield {
      type: view.getUint16(at + 4, true),
      fixed: new DataView(bytes.buffer, bytes.byteOffset + at + HEADER, fixedSize),
      attributes: readAttributes(rest),
    };
    at += aligned(length);
  }
}

export function readAttributes(bytes: Uint8Array): Map<number, DataView> {
  const found = new Map<number, DataView>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.length) break;
    found.set(view.getUint16(at + 2, true) & TYPE_MASK, new DataView(bytes.buffer, bytes.byteOffset + at + 4, length - 4));
    at += aligned(length);
  }
  return found;
}

export function nested(view: DataView | undefined): Map<number, DataView> {
  return view ? readAttributes(bytesOf(view)) : new Map();
}

export function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

export function textOf(view: DataView | undefined): string {
  return view ? Buffer.from(bytesOf(view)).toString("utf8").replace(/\0.*$/s, "") : "";
}

export function u32Of(view: DataView | undefined): number | undefined {
  return view && view.byteLength >= 4 ? view.getUint32(0, true) : undefined;
}
