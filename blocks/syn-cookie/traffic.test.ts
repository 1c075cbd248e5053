// test: timeout 180
/** A real server behind the block, and a flood from forged addresses: who connects is served, and nothing is left half open. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ipv4, mac, Pipeline, type TcPacket, Verdict, type XdpPacket } from "datapath";
import { SynCookie } from "datapath/blocks";
import { Ethernet, Ipv4, Tcp } from "datapath/headers";
import { packet } from "datapath/testing";
import { writeBundle } from "../../codegen/bundle/write-bundle.js";
import { compileLive } from "../../codegen/compile.js";
import { attach, detach } from "../../runtime/index.js";
import { Lab } from "../../test/lab/lab.js";

const PORT = 8080;
const simple = { vlan: false, fragments: false, extensions: false } as const;

class OnXdp extends Pipeline {
  readonly cookies = new SynCookie({ ports: [PORT], ...simple });
  override xdp(pkt: XdpPacket): Verdict {
    return this.cookies.check(pkt) ?? Verdict.Pass;
  }
}
/** What XDP sends back over a veth arrives only where the other end has a program too. */
class Through extends Pipeline {
  override xdp(_pkt: XdpPacket): Verdict {
    return Verdict.Pass;
  }
}
class OnTc extends Pipeline {
  readonly cookies = new SynCookie({ ports: [PORT], timestamps: true, ...simple });
  override ingress(pkt: TcPacket): Verdict {
    return this.cookies.check(pkt) ?? Verdict.Pass;
  }
}

const stations = { client: mac("02:00:00:00:00:01"), server: mac("02:00:00:00:00:02") };
const echo = `require("net").createServer(c => { c.on("error", () => {}); c.pipe(c); }).listen({ port: ${PORT}, host: "::" }, () => console.log("ready"))`;
/** Ends with 0 where what it sent came back. */
const ask = (address: string): string =>
  `const c = require("net").connect(${PORT}, "${address}", () => c.write("hello"));
   c.setTimeout(4000, () => process.exit(3)).on("error", () => process.exit(2)).on("data", d => process.exit(String(d) === "hello" ? 0 : 1));`;
/** Sends the frames of a file, 60 bytes each, again and again. */
const flood = `
import socket, sys
data = open(sys.argv[1], "rb").read()
frames = [data[i:i + 60] for i in range(0, len(data), 60)]
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("eth0", 0))
print("ready", flush=True)
while True:
    for frame in frames: out.send(frame)
`;

/** SYNs and ACKs from everywhere. */
function forged(): Uint8Array {
  const frames = Array.from({ length: 2000 }, (_, i) => {
    const frame = packet(
      Ethernet.of({ src: stations.client, dst: stations.server }),
      Ipv4.of({ src: ipv4("172.16.0.1") + i * 37, dst: ipv4("10.0.0.2") }),
      Tcp.of({
        srcPort: 1024 + i,
        dstPort: PORT,
        sequence: i * 7919,
        acknowledgement: i * 104_729,
        flags: i % 4 === 0 ? { ack: true } : { syn: true },
      }),
    );
    return Buffer.concat([frame], 60);
  });
  return Buffer.concat(frames);
}

for (const [name, Shield, offload] of [
  ["xdp, a sender without checksum offload", OnXdp, false],
  ["tc, with checksum offload", OnTc, true],
  ["tc, without", OnTc, false],
] as const) {
  test(`${name}: who connects is served through a flood, which leaves nothing half open`, async () => {
    const pipeline = `shield-${process.pid}`;
    const root = `/sys/fs/bpf/datapath-cookie-${process.pid}`;
    const folder = mkdtempSync(join(tmpdir(), "dp-cookie-"));
    await using lab = await Lab.create();
    const [left, right] = [await lab.namespace("client"), await lab.namespace("server")];
    await lab.connect(
      { namespace: left, device: "eth0", addresses: ["10.0.0.1/24", "fd00::1/64"], mac: "02:00:00:00:00:01" },
      { namespace: right, device: "eth0", addresses: ["10.0.0.2/24", "fd00::2/64"], mac: "02:00:00:00:00:02" },
    );
    await right.sysctl({
      "net.ipv4.tcp_syncookies": 2,
      "net.ipv4.tcp_timestamps": 2,
      "net.ipv4.conf.all.rp_filter": 0,
      "net.ipv4.conf.eth0.rp_filter": 0,
    });
    if (!offload) for (const namespace of [left, right]) await namespace.offload("eth0", { tx: false });
    await left.pings("10.0.0.2");
    const { bundle, diagnostics } = await compileLive(new Shield(), { name: pipeline });
    assert.ok(bundle, diagnostics.map(({ message }) => message).join());
    writeBundle(join(folder, "shield.dpo"), bundle);
    const far = Shield === OnXdp ? (await compileLive(new Through(), { name: `${pipeline}-far` })).bundle : undefined;
    if (far) {
      writeBundle(join(folder, "far.dpo"), far);
      await using _far = await attach(join(folder, "far.dpo"), { netns: left.path, dev: "eth0" }, { root, notice: () => {} });
    }
    await right.serve([process.execPath, "-e", echo], { ready: /ready/ });
    const served = async (address: string): Promise<boolean> =>
      (await left.run([process.execPath, "-e", ask(address)], { mayFail: true })).code === 0;
    const counted = async (counter: string): Promise<number> => {
      const { stdout } = await right.run(["nstat", "-asz", counter]);
      return Number(/^\S+\s+(\d+)/m.exec(stdout.split("\n").slice(1).join("\n"))?.[1] ?? Number.NaN);
    };
    await using _attached = await attach(join(folder, "shield.dpo"), { netns: right.path, dev: "eth0" }, { root, notice: () => {} });
    try {
      // the stack's own SYN, then the block's; and over IPv6
      for (const address of ["10.0.0.2", "10.0.0.2", "fd00::2"]) assert.ok(await served(address), address);
      const [sentBefore, takenBefore] = [await counted("TcpExtSyncookiesSent"), await counted("TcpExtSyncookiesRecv")];
      writeFileSync(join(folder, "frames"), forged());
      await left.serve(["python3", "-c", flood, join(folder, "frames")], { ready: /ready/ });
      for (let i = 0; i < 3; i++) assert.ok(await served("10.0.0.2"), `connection ${i} under the flood`);
      await left.stopServers();
      assert.ok((await counted("TcpExtSyncookiesSent")) - sentBefore <= 1, "the stack saw SYNs of the flood");
      assert.equal((await counted("TcpExtSyncookiesRecv")) - takenBefore, 3);
      assert.equal((await right.run(["ss", "-Htn", "state", "syn-recv"])).stdout, "");
    } finally {
      await detach(pipeline, { root });
      if (far) await detach(`${pipeline}-far`, { root });
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
