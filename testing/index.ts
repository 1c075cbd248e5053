/** Tests of pipelines and blocks: packets from headers, runs in Node and in the kernel. */
export { both } from "./both.js";
export { DifferenceError } from "./compare.js";
export type { Hook } from "./hook.js";
export { faultsOf } from "./hostile/faults.js";
export { type HostileOptions, type HostilePacket, hostilePackets } from "./hostile/hostile.js";
export type { Stations } from "./hostile/sound.js";
export { type Hosted, hosting } from "./hosting.js";
export { packet } from "./packet.js";
export { type Capture, type CaptureInit, PcapError, type PcapFile, readPcap, writePcap } from "./pcap.js";
export { type Row, rows } from "./rows.js";
export { ABORTED, type Result, simulate } from "./simulate.js";
export type { World } from "./world.js";
