/** What a `.dp.ts` file imports as "datapath", but for the user-space side. */
export { Block } from "./block.js";
export { array, atomic, bits, bool, flag, flags, overlay } from "./core/fields.js";
export { type HeaderOptions, header } from "./core/header.js";
export { net, u8, u16, u32, u48, u64, u128 } from "./core/integers.js";
export { StaleViewError } from "./core/memory.js";
export { clear, copy } from "./core/nested.js";
export type {
  Atomic,
  Fields,
  FixedArray,
  Flags,
  HeaderClass,
  HeaderView,
  Infer,
  Init,
  IntSchema,
  Layer,
  Of,
  Schema,
  StructClass,
  View,
  ViewClass,
} from "./core/schema.js";
export { struct } from "./core/struct.js";
export { MILLISECOND, now, nowCoarse, random, SECOND, type TargetValues, ticks } from "./core/world.js";
export { type FlowEntry4, type FlowEntry6, FlowKey4, FlowKey6, Translation4, Translation6 } from "./flows/entry.js";
export { type Flow, type NewFlow, NewFlow4, NewFlow6, type StoredFlow, StoredFlow4, StoredFlow6 } from "./flows/flow.js";
export { FlowPart, Flows } from "./flows/flows.js";
export type { FlowsOptions } from "./flows/options.js";
export { type PortChoice, Translating } from "./flows/port-choice.js";
export { describeFlowStates, type FlowState } from "./flows/states.js";
export { quotedTuple4, quotedTuple6, type Tuple4, type Tuple6, tupleOf4, tupleOf6 } from "./flows/tuple.js";
export { addressKey, ipv4, ipv6, isMulticast, mac, octet } from "./helpers/addresses.js";
export { max, min, prefixOf } from "./helpers/bigints.js";
export { fold16 } from "./helpers/fold.js";
export { FNV_START, fnv1a, hashEnd, hashWord } from "./helpers/hash.js";
export { isSynCookie4, isSynCookie6, synCookie4, synCookie6 } from "./helpers/syn-cookie.js";
export { type ArrayMap, arrayMap, perCpuArrayMap } from "./maps/array.js";
export { type Counter, counter, Traffic } from "./maps/counter.js";
export { type Device, type DevMap, devMap } from "./maps/device.js";
export { type Emitted, type Events, type EventsOptions, events } from "./maps/events.js";
export { type FlowAdded, type FlowCopy, type FlowOptions, FlowTable, type FlowTableOptions, flowTable } from "./maps/flow-table.js";
export { type HashMap, hashMap, lruHashMap, perCpuHashMap, perCpuLruHashMap } from "./maps/hash.js";
export type { KeyInit, MapOptions } from "./maps/options.js";
export { PrefixTable, type PrefixTableOptions, prefixTable } from "./maps/prefix-table.js";
export { scratch } from "./maps/scratch.js";
export { type LpmTrie, lpmTrie, type Prefix } from "./maps/trie.js";
export { Encap } from "./packet/encap.js";
export { Fragment, type IpLayers, type Ipv4Layers, type Ipv6Layers, type Layers, type OtherLayers } from "./packet/layers.js";
export { checkLayersOptions, type LayersOptions } from "./packet/layers-options.js";
export type { QuotedIpv4 } from "./packet/quoted-ipv4.js";
export type { QuotedIpv6 } from "./packet/quoted-ipv6.js";
export type { Packet, TcPacket, VlanTag, XdpPacket } from "./packet/types.js";
export { fromTarget, type Param, param, type Range, setting, TICKS_PER_SECOND } from "./param.js";
export { Pipeline } from "./pipeline.js";
export { Verdict } from "./verdict.js";
