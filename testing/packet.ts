import { HeaderLayer } from "../dsl/core/layer.js";
import { shapeOf } from "../dsl/core/spec.js";
import { bind, encode, PlainMemory } from "../dsl/core/view.js";
import type { Layer } from "../dsl/index.js";
import { complete, type Part } from "./complete.js";

/**
 * The bytes of a test packet: headers one after another, then payload. Fields that a header was not given are
 * computed: versions, lengths, next protocols, checksums; all others are zero.
 * @param layers headers made with `of`, and payload or options as bytes or text (UTF-8)
 * @throws RangeError where a given value does not fit its field.
 * @example packet(Ethernet.of(), Ipv4.of({ src: ipv4("192.0.2.1") }), Udp.of({ dstPort: 53 }), "payload")
 */
export function packet(...layers: (Layer | Uint8Array | string)[]): Uint8Array {
  const pieces = layers.map(layer => (layer instanceof HeaderLayer ? headerBytes(layer) : payloadBytes(layer)));
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  const parts: Part[] = [];
  let offset = 0;
  for (const [i, piece] of pieces.entries()) {
    bytes.set(piece, offset);
    const layer = layers[i];
    if (layer instanceof HeaderLayer) parts.push(part(layer, bytes, offset));
    offset += piece.length;
  }
  complete(parts, bytes);
  return bytes;
}

function headerBytes(layer: HeaderLayer): Uint8Array {
  const shape = shapeOf(layer.header);
  if (!shape) throw new TypeError(`${layer.header.title} has no layout`);
  return encode(shape, layer.fields, layer.header.title);
}
function payloadBytes(layer: Layer | Uint8Array | string): Uint8Array {
  if (typeof layer === "string") return new TextEncoder().encode(layer);
  if (layer instanceof Uint8Array) return layer;
  throw new TypeError("packet(…) takes headers made with of(…), bytes and text");
}
function part(layer: HeaderLayer, bytes: Uint8Array, offset: number): Part {
  const view: object = bind(layer.header, new PlainMemory(bytes), offset);
  return { title: layer.header.title, given: new Set(Object.keys(layer.fields)), view, offset, size: layer.header.size };
}
