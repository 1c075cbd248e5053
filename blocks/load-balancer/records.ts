/** What a LoadBalancer keeps in its maps. */
import { array, net, struct, u8, u16, u32, u48, u128 } from "datapath";

/** Whether a backend is given flows. */
export const BackendState = {
  /** there is none at this number */
  None: 0,
  /** takes new flows */
  Up: 1,
  /** takes no new flows, and keeps its own */
  Draining: 2,
  /** takes none: its flows go to others */
  Down: 3,
} as const;

/** One server of one service. A service that shares its servers with another has backends of its own for them. */
export class Backend extends struct({
  /** its IPv6 address; 0 where it has an IPv4 one */
  address6: net(u128),
  /**
   * What its flows remember: its number, and above it how often the number was given to someone. 0 while it is down, so
   * that a flow that remembers it is sent elsewhere by the one compare that every packet meets.
   */
  tag: u32,
  /** the same for flows of UDP, which need not stay while it drains */
  datagramTag: u32,
  /** its IPv4 address; 0 where it has an IPv6 one */
  address: net(u32),
  /** where it listens; 0: at the port that the client asked for */
  port: u16,
  service: u16,
  /** its share of new flows, beside the others of its service */
  weight: u16,
  /** how often the number was given to someone, 1 … 65535 */
  incarnation: u16,
  state: u8,
  zero8: u8,
  zero16: u16,
  /** its station, where frames are sent to it as they are */
  mac: u48,
  zero48: u16,
}) {}

/** How a service's backends are chosen for new flows. */
export const Scheduler = {
  /** by addresses and ports, consistently: little moves when backends change */
  Maglev: 0,
  /** by the client's address alone, as consistently */
  SourceHash: 1,
  /** one after the other */
  RoundRobin: 2,
} as const;

/** What is not in a packet's way until it begins a flow. */
export class Service extends struct({
  /** which of its two rings counts: the other one is being written */
  ring: u32,
  /** places in the ring that are filled; 0 where it has no backend */
  places: u32,
  scheduler: u8,
  /** new flows come from sources of `sources4`, `sources6` alone */
  restricted: u8,
  /** a client's new flows go where its last one went */
  sticky: u8,
  /** the number is taken */
  used: u8,
}) {}

/** Places of a ring that stand in one entry: a ring is written in few calls. */
export const PLACES = 256;
/** A piece of a ring: numbers of backends. */
export class RingPart extends struct({ backends: array(u16, PLACES) }) {}

/** A client's end of an IPv4 flow to an exact service. */
export class Client4 extends struct({ address: net(u32), port: net(u16), service: u16 }) {}
/** The same for IPv6. */
export class Client6 extends struct({ address: net(u128), port: net(u16), service: u16, zero: u32 }) {}
/** Both ends of an IPv4 flow, where a service has many ports or addresses. */
export class Ends4 extends struct({
  address: net(u32),
  port: net(u16),
  service: u16,
  destination: net(u32),
  destinationPort: net(u16),
  zero: u16,
}) {}
/** The same for IPv6. */
export class Ends6 extends struct({
  address: net(u128),
  destination: net(u128),
  port: net(u16),
  service: u16,
  destinationPort: net(u16),
  zero: u16,
}) {}

/** Where a client's last new flow went. */
export class Sticky extends struct({ tag: u32, seen: u32 }) {}
/** A client of a service, of either family. */
export class StickyClient extends struct({ address: net(u128), service: u32, zero: u32 }) {}

/** A service that was added while running: port 0 stands for all. */
export class ServiceKey4 extends struct({ address: net(u32), port: net(u16), protocol: u8, zero: u8 }) {}
/** The same for IPv6. */
export class ServiceKey6 extends struct({ address: net(u128), port: net(u16), protocol: u8, zero: u8, zero32: u32 }) {}
/** A service for a prefix of addresses: the prefix's length counts the 32 bits of protocol and port in front. */
export class ServicePrefix4 extends struct({ length: u32, protocol: u8, zero: u8, port: net(u16), address: net(u32) }) {}
/** The same for IPv6. */
export class ServicePrefix6 extends struct({ length: u32, protocol: u8, zero: u8, port: net(u16), address: net(u128) }) {}

/** A prefix of sources that a restricted service is open to: the length counts the 32 bits of the service in front. */
export class SourcePrefix4 extends struct({ length: u32, service: net(u32), address: net(u32) }) {}
/** The same for IPv6. */
export class SourcePrefix6 extends struct({ length: u32, service: net(u32), address: net(u128) }) {}

/** A packet that came in fragments, of either family. */
export class FragmentKey extends struct({
  source: net(u128),
  destination: net(u128),
  identification: u32,
  protocol: u8,
  zero: u8,
  zero16: u16,
}) {}
