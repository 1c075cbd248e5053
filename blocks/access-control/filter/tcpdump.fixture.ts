/** What tcpdump selects of some frames: the peer that the filter is compared with. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A little-endian classic capture; a frame's place in the list is its second. */
function capture(frames: readonly Uint8Array[]): Uint8Array {
  const size = frames.reduce((sum, frame) => sum + 16 + frame.length, 24);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xa1b2_c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 65_535, true);
  view.setUint32(20, 1, true);
  let at = 24;
  for (const [index, frame] of frames.entries()) {
    view.setUint32(at, index, true);
    view.setUint32(at + 8, frame.length, true);
    view.setUint32(at + 12, frame.length, true);
    bytes.set(frame, at + 16);
    at += 16 + frame.length;
  }
  return bytes;
}

export type Selection =
  | { readonly kind: "frames"; readonly indices: ReadonlySet<number> }
  | { readonly kind: "refused"; readonly reason: string };

export class Tcpdump {
  private readonly folder = mkdtempSync(join(tmpdir(), "datapath-filter-"));
  private readonly file = join(this.folder, "frames.pcap");

  constructor(frames: readonly Uint8Array[]) {
    writeFileSync(this.file, capture(frames));
  }

  static available(): boolean {
    return spawnSync("tcpdump", ["--version"]).error === undefined;
  }

  /**
   * The places of the frames that `expression` selects. `plain` leaves libpcap's optimizer out, which moves loads to
   * where the expression does not have them: it shows for frames that end inside a header.
   */
  select(expression: string, { plain = false } = {}): Selection {
    const run = spawnSync("tcpdump", [...(plain ? ["-O"] : []), "-r", this.file, "-w", "-", "--", expression], { maxBuffer: 1 << 26 });
    const said = run.stderr.toString();
    if (run.status !== 0) {
      if (said.includes("expression rejects all packets")) return { kind: "frames", indices: new Set() };
      return { kind: "refused", reason: said.trim().split("\n").at(-1) ?? "" };
    }
    const indices = new Set<number>();
    const out = run.stdout;
    for (let at = 24; at + 16 <= out.length; at += 16 + out.readUInt32LE(at + 8)) indices.add(out.readUInt32LE(at));
    return { kind: "frames", indices };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
