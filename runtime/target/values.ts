/** What a pipeline asks of its target (`fromTarget`), read from the kernel at load. */
import type { TargetValue, TargetValueName } from "../../codegen/bundle/manifest.js";
import { DatapathError } from "../errors.js";
import { storeInteger } from "../load/sections.js";
import { ticksPerSecond } from "../machine/ticks.js";
import { addresses, type Device, deviceByIndex, gateway } from "../network/device.js";
import { NetworkNamespace } from "../network/namespace.js";
import type { TargetRecord } from "./target.js";

/**
 * The section `.rodata.target`: each value as an integer in host order.
 * @throws {DatapathError} DP7012 where the device has no such value
 */
export function targetBytes(wanted: readonly TargetValue[], size: number, target: TargetRecord): Uint8Array {
  const bytes = new Uint8Array(size);
  if (wanted.length === 0) return bytes;
  using namespace = NetworkNamespace.find(target.namespace, target.namespacePath);
  if (!namespace) throw new DatapathError("DP7002", `${target.namespacePath} has gone`);
  for (const { name, offset, size: width } of wanted) {
    const value =
      name === "position"
        ? BigInt(target.position === "host-end")
        : name === "ticksPerSecond"
          ? BigInt(ticksPerSecond())
          : namespace.run(() => read(name, target));
    if (value === undefined) throw new DatapathError("DP7012", `${target.label} has no ${name}`);
    storeInteger(bytes, offset, width, value);
  }
  return bytes;
}

/** The target's own device: where the programs sit, but for a container, whose end of the veth is meant. */
interface Own {
  readonly device: Device;
  /** the number of the namespace that the device is in; undefined for the thread's */
  readonly namespace: number | undefined;
}

function ownDevice({ ifindex, position, label }: TargetRecord): Own {
  const device = deviceByIndex(ifindex);
  if (!device) throw new DatapathError("DP7001", `index ${ifindex}`);
  if (position === "device") return { device, namespace: undefined };
  const { peer, peerNamespace } = device;
  const end = peer === undefined ? undefined : deviceByIndex(peer, peerNamespace);
  if (!end) throw new DatapathError("DP7001", `${label}: ${device.name} has no other end any more`);
  return { device: end, namespace: peerNamespace };
}

function read(name: Exclude<TargetValueName, "position" | "ticksPerSecond">, target: TargetRecord): bigint | undefined {
  const { device, namespace } = ownDevice(target);
  switch (name) {
    case "ifindex":
      return BigInt(target.ifindex);
    case "mtu":
      return BigInt(device.mtu);
    case "mac":
      return device.mac.length === 6 ? integer(device.mac) : undefined;
    case "address":
      return integer(addresses(device.index, namespace).find(address => address.family === 4)?.bytes);
    case "address6": {
      const found = addresses(device.index, namespace).filter(address => address.family === 6);
      return integer((found.find(address => !address.linkLocal) ?? found[0])?.bytes);
    }
    case "gateway":
      return integer(gatewayOf(device.index, namespace));
  }
}

/** The kernel tells of routes to those inside alone. */
function gatewayOf(index: number, number: number | undefined): Uint8Array | undefined {
  if (number === undefined) return gateway(index);
  using inside = NetworkNamespace.numbered(number);
  if (!inside) throw new DatapathError("DP7002", "no process or name of the container's network namespace is to be seen");
  return inside.run(() => gateway(index));
}

/** Network order to a number. */
function integer(bytes: Uint8Array | undefined): bigint | undefined {
  return bytes?.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
