/** tc filters of a device's clsact qdisc: programs by priority and handle, in the thread's network namespace. */
import { failedWith } from "../native/index.js";
import {
  type Attribute,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  nested,
  nestedAttribute,
  request,
  textAttribute,
  textOf,
  u32Attribute,
  u32Of,
} from "./netlink.js";

const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const RTM_GETQDISC = 38;
const RTM_NEWTFILTER = 44;
const RTM_DELTFILTER = 45;
const RTM_GETTFILTER = 46;
const TCMSG = 20;
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_BPF_FD = 6;
const TCA_BPF_NAME = 7;
const TCA_BPF_FLAGS = 8;
const TCA_BPF_ID = 11;
const DIRECT_ACTION = 1;
const CLSACT = 0xffff_fff1;
const CLSACT_HANDLE = 0xffff_0000;
const PARENTS = { ingress: 0xffff_fff2, egress: 0xffff_fff3 } as const;
/** htons(ETH_P_ALL) */
const EVERY_PROTOCOL = 0x0300;

export type Direction = keyof typeof PARENTS;

export interface FilterPlace {
  readonly ifindex: number;
  readonly direction: Direction;
  readonly priority: number;
  readonly handle: number;
}

export interface Filter {
  readonly kind: string;
  readonly priority: number;
  readonly handle: number;
  /** the program's id, for kind "bpf" */
  readonly program: number | undefined;
}

function tcmsg(ifindex: number, handle: number, parent: number, info: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(TCMSG));
  view.setInt32(4, ifindex, true);
  view.setUint32(8, handle, true);
  view.setUint32(12, parent, true);
  view.setUint32(16, info, true);
  return new Uint8Array(view.buffer);
}

function place(at: FilterPlace): Uint8Array {
  return tcmsg(at.ifindex, at.handle, PARENTS[at.direction], ((at.priority << 16) | EVERY_PROTOCOL) >>> 0);
}

/** Whether a device has a clsact qdisc, or one of its older kind for ingress alone, whose place is the same. */
export function hasClsact(ifindex: number): boolean {
  const messages = request("list qdiscs", RTM_GETQDISC, NLM_F_DUMP, tcmsg(ifindex, 0, 0, 0), []);
  return messages.some(({ fixed }) => fixed.getInt32(4, true) === ifindex && fixed.getUint32(12, true) === CLSACT);
}

/** Adds the qdisc; false where there was one. */
export function addClsact(ifindex: number): boolean {
  try {
    request("add clsact", RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, tcmsg(ifindex, CLSACT_HANDLE, CLSACT, 0), [
      textAttribute(TCA_KIND, "clsact"),
    ]);
    return true;
  } catch (error) {
    if (failedWith(error, "EEXIST")) return false;
    throw error;
  }
}

export function removeClsact(ifindex: number): void {
  ignoring(["ENOENT", "ENODEV", "EINVAL"], () => {
    request("remove clsact", RTM_DELQDISC, 0, tcmsg(ifindex, CLSACT_HANDLE, CLSACT, 0), []);
  });
}

/** All filters of one direction; none where there is no qdisc or no device. */
export function filters(ifindex: number, direction: Direction): Filter[] {
  const found: Filter[] = [];
  ignoring(["ENOENT", "ENODEV", "EINVAL"], () => {
    for (const message of request("list filters", RTM_GETTFILTER, NLM_F_DUMP, tcmsg(ifindex, 0, PARENTS[direction], 0), [])) {
      const handle = message.fixed.getUint32(8, true);
      const options = nested(message.attributes.get(TCA_OPTIONS));
      // A priority announces itself once without a handle in front of its filters.
      if (handle === 0 && options.size === 0) continue;
      const kind = textOf(message.attributes.get(TCA_KIND));
      const program = kind === "bpf" ? u32Of(options.get(TCA_BPF_ID)) : undefined;
      found.push({ kind, priority: message.fixed.getUint32(16, true) >>> 16, handle, program });
    }
  });
  return found;
}

/** What is at a place now. */
export function filterAt(at: FilterPlace): Filter | undefined {
  return filters(at.ifindex, at.direction).find(
    filter => filter.priority === at.priority && (filter.handle === at.handle || filter.kind !== "bpf"),
  );
}

/** Adds a filter, or replaces the one at its place: a packet meets the old program or the new one, never none. */
export function setFilter(at: FilterPlace, program: number, name: string, replace: boolean): void {
  const options: Attribute[] = [
    u32Attribute(TCA_BPF_FD, program),
    textAttribute(TCA_BPF_NAME, name),
    u32Attribute(TCA_BPF_FLAGS, DIRECT_ACTION),
  ];
  request(`set filter ${name}`, RTM_NEWTFILTER, NLM_F_CREATE | (replace ? 0 : NLM_F_EXCL), place(at), [
    textAttribute(TCA_KIND, "bpf"),
    nestedAttribute(TCA_OPTIONS, options),
  ]);
}

export function removeFilter(at: FilterPlace): void {
  ignoring(["ENOENT", "ENODEV", "EINVAL"], () => {
    request("remove filter", RTM_DELTFILTER, 0, place(at), [textAttribute(TCA_KIND, "bpf")]);
  });
}

/** What is gone already needs no removing. */
function ignoring(codes: readonly string[], work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!failedWith(error, ...codes)) throw error;
  }
}
