/** Network devices as rtnetlink tells of them, in the thread's network namespace. */
import { failedWith } from "../native/index.js";
import { bytesOf, type Message, NLM_F_DUMP, nested, request, textAttribute, textOf, u32Attribute, u32Of } from "./netlink.js";

const RTM_GETLINK = 18;
const RTM_GETADDR = 22;
const RTM_GETROUTE = 26;
const RTM_GETNSID = 90;
const IFINFOMSG = 16;
const IFADDRMSG = 8;
const RTMSG = 12;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_LINK_NETNSID = 37;
const IFLA_TARGET_NETNSID = 46;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_TARGET_NETNSID = 10;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const NETNSA_NSID = 1;
const NETNSA_FD = 3;

const AF_INET = 2;
const AF_INET6 = 10;
const SCOPE_LINK = 253;

export interface Device {
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  /** 6 bytes, network order; empty where the device has none */
  readonly mac: Uint8Array;
  /** "veth", "bridge"; empty for hardware */
  readonly kind: string;
  /** the other end of a veth, an index of `peerNamespace` */
  readonly peer: number | undefined;
  /** this namespace's number for the peer's; undefined where it is the same */
  readonly peerNamespace: number | undefined;
}

export interface Address {
  readonly family: 4 | 6;
  /** network order */
  readonly bytes: Uint8Array;
  readonly linkLocal: boolean;
}

function device(message: Message): Device {
  const { attributes } = message;
  const mac = attributes.get(IFLA_ADDRESS);
  return {
    index: message.fixed.getInt32(4, true),
    name: textOf(attributes.get(IFLA_IFNAME)),
    mtu: u32Of(attributes.get(IFLA_MTU)) ?? 0,
    mac: mac ? bytesOf(mac) : new Uint8Array(),
    kind: textOf(nested(attributes.get(IFLA_LINKINFO)).get(IFLA_INFO_KIND)),
    peer: u32Of(attributes.get(IFLA_LINK)),
    peerNamespace: u32Of(attributes.get(IFLA_LINK_NETNSID)),
  };
}

function one(index: number, name: string | undefined, namespace: number | undefined): Device | undefined {
  const fixed = new Uint8Array(IFINFOMSG);
  new DataView(fixed.buffer).setInt32(4, index, true);
  const attributes = [
    ...(name === undefined ? [] : [textAttribute(IFLA_IFNAME, name)]),
    ...(namespace === undefined ? [] : [u32Attribute(IFLA_TARGET_NETNSID, namespace)]),
  ];
  try {
    const [answer] = request(`find device ${name ?? index}`, RTM_GETLINK, 0, fixed, attributes);
    return answer && device(answer);
  } catch (error) {
    if (failedWith(error, "ENODEV", "ERANGE", "EINVAL")) return undefined;
    throw error;
  }
}

/** `namespace`: look in the one that has this number here, without entering it. */
export function deviceByName(name: string, namespace?: number): Device | undefined {
  return name.length > 0 && name.length < 16 ? one(0, name, namespace) : undefined;
}

export function deviceByIndex(index: number, namespace?: number): Device | undefined {
  return one(index, undefined, namespace);
}

export function devices(): Device[] {
  return request("list devices", RTM_GETLINK, NLM_F_DUMP, new Uint8Array(IFINFOMSG), []).map(device);
}

/** This namespace's number for another, by a descriptor of that; undefined where it has none. */
export function namespaceNumber(fd: number): number | undefined {
  const [answer] = request("number a network namespace", RTM_GETNSID, 0, new Uint8Array(4), [u32Attribute(NETNSA_FD, fd)]);
  const number = answer?.attributes.get(NETNSA_NSID)?.getInt32(0, true);
  return number === undefined || number < 0 ? undefined : number;
}

/**
 * The addresses of a device, in the kernel's order.
 * @param namespace where the device is, as for {@link deviceByName}
 */
export function addresses(index: number, namespace?: number): Address[] {
  const found: Address[] = [];
  const where = namespace === undefined ? [] : [u32Attribute(IFA_TARGET_NETNSID, namespace)];
  const strict = namespace !== undefined;
  for (const { fixed, attributes } of request("list addresses", RTM_GETADDR, NLM_F_DUMP, new Uint8Array(IFADDRMSG), where, strict)) {
    const family = fixed.getUint8(0);
    const value = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
    if (fixed.getUint32(4, true) !== index || !value || (family !== AF_INET && family !== AF_INET6)) continue;
    found.push({ family: family === AF_INET ? 4 : 6, bytes: bytesOf(value), linkLocal: fixed.getUint8(3) === SCOPE_LINK });
  }
  return found;
}

/** The IPv4 gateway of the default route over a device. */
export function gateway(index: number): Uint8Array | undefined {
  const fixed = new Uint8Array(RTMSG);
  fixed[0] = AF_INET;
  for (const { fixed: route, attributes } of request("list routes", RTM_GETROUTE, NLM_F_DUMP, fixed, [])) {
    const hop = attributes.get(RTA_GATEWAY);
    if (route.getUint8(1) === 0 && !attributes.has(RTA_DST) && u32Of(attributes.get(RTA_OIF)) === index && hop) return bytesOf(hop);
  }
  return undefined;
}
