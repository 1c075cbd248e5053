/** `dp sim`: a capture through a pipeline, in Node or in the kernel. */
import { readFileSync, writeFileSync } from "node:fs";
import { type CaptureInit, LINK_ETHERNET, PcapError, readPcap, writePcap } from "../../../testing/pcap.js";
import { isSource } from "../bundle-path.js";
import { defineCommand } from "../command.js";
import { CommandError, UsageError } from "../command-error.js";
import { ExitCode } from "../exit-code.js";
import { oneOf, readAssignments } from "../pipeline.js";
import type { Judge, Outcome } from "../sim/judge.js";
import { openKernel, openNode } from "../sim/open.js";
import { type Terminal, table } from "../terminal.js";
import { parseInteger } from "../values/integer.js";

/** The kernel's test runs take no shorter frame, and no device receives one. */
const shortestFrame = 14;

export const command = defineCommand({
  name: "sim",
  summary: "a capture through a pipeline, in Node or in the kernel",
  usage: ["FILE|BUNDLE --in CAPTURE.pcap [--out CAPTURE.pcap] [--hook HOOK] [--kernel]"],
  options: {
    in: { type: "string", value: "FILE", about: "the capture: classic pcap, Ethernet" },
    out: { type: "string", value: "FILE", about: "where to write what was not dropped, as the pipeline left it" },
    hook: { type: "string", value: "xdp|ingress|egress", about: "the hook to run; needed where the pipeline has several" },
    kernel: { type: "boolean", about: "in the kernel, by test runs; needs what attaching needs. A bundle always runs there" },
    set: { type: "string", multiple: true, value: "NAME=VALUE", about: "a param's or setting's value" },
    list: { type: "boolean", short: "l", about: "a line for each packet" },
  },
  examples: ["dp sim edge.dp.ts --in web.pcap --out passed.pcap", "sudo dp sim edge.dpo --in web.pcap --hook ingress --list"],
  notes: [
    "The clock is the capture's, but for a bundle, which was built for the kernel's own. On tc a bundle's reflected packets are counted as redirected.",
  ],
  async run(values, positionals, terminal) {
    const [given, ...more] = positionals;
    if (given === undefined || more.length > 0)
      throw new UsageError("sim takes one pipeline: FILE.dp.ts or a bundle", "dp sim edge.dp.ts --in web.pcap");
    if (values.in === undefined) throw new UsageError("no capture was named", "add --in CAPTURE.pcap");
    const capture = readCapture(values.in);
    const wanted = oneOf("hook", values.hook, ["xdp", "ingress", "egress"]);
    const params = readParams(values.set ?? []);
    const inKernel = values.kernel === true || !isSource(given);

    using judge = inKernel ? await openKernel(given, wanted, params, terminal) : await openNode(given, wanted, params, terminal);
    const summary = run(capture, judge, values.list === true, terminal);
    if (values.out !== undefined) writeFileSync(values.out, writePcap(summary.kept));
    show(summary, judge, inKernel, terminal);
    return ExitCode.Done;
  },
});

interface Summary {
  readonly outcomes: ReadonlyMap<Outcome, number>;
  readonly kept: readonly CaptureInit[];
  readonly packets: number;
  /** shorter than any frame */
  readonly skipped: number;
  /** the capture held only a part of them */
  readonly cut: number;
}

function run(capture: ReturnType<typeof readPcap>, judge: Judge, list: boolean, terminal: Terminal): Summary {
  const outcomes = new Map<Outcome, number>();
  const kept: CaptureInit[] = [];
  let skipped = 0;
  let cut = 0;
  for (const [index, { bytes, time, wireLength }] of capture.packets.entries()) {
    if (bytes.length < wireLength) cut++;
    if (bytes.length < shortestFrame) {
      skipped++;
      continue;
    }
    const { outcome, reason, bytes: left } = atPacket(index, () => judge.judge(bytes, time));
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (outcome !== "drop") kept.push({ bytes: left, time });
    if (list) terminal.print(`${index + 1}  ${bytes.length} bytes  ${outcome}${reason === undefined ? "" : ` (${reason})`}`);
    if (index % 1000 === 999) terminal.progress(`${index + 1} of ${capture.packets.length} packets`);
  }
  return { outcomes, kept, packets: capture.packets.length, skipped, cut };
}

function atPacket<T>(index: number, judge: () => T): T {
  try {
    return judge();
  } catch (error) {
    if (error instanceof CommandError) throw new CommandError(error.exitCode, `packet ${index + 1}: ${error.message}`, error);
    throw error;
  }
}

function show({ outcomes, packets, skipped, cut }: Summary, judge: Judge, inKernel: boolean, terminal: Terminal): void {
  const drops = judge.drops().filter(drop => drop.packets > 0n);
  terminal.document({ ok: true, in: inKernel ? "kernel" : "node", packets, skipped, cut, outcomes: Object.fromEntries(outcomes), drops });
  if (cut > 0) terminal.note(`notice: the capture holds only the beginning of ${cut} of its packets; they are judged by that`);
  if (skipped > 0) terminal.note(`notice: ${skipped} packets are shorter than ${shortestFrame} bytes, and were left out`);
  const rows = [...outcomes].map(([outcome, count]) => [`${count}`, outcome]);
  const dropRows = drops.map(({ packets: count, reason, place }) => [`${count}`, `drop: ${reason}`, place ?? ""]);
  for (const line of table([...rows.filter(([, outcome]) => outcome !== "drop"), ...dropRows], [0])) terminal.print(line);
  terminal.print(`${packets} packets, in ${inKernel ? "the kernel" : "Node"}`);
}

function readCapture(path: string): ReturnType<typeof readPcap> {
  try {
    const capture = readPcap(readFileSync(path));
    if (capture.linkType !== LINK_ETHERNET) {
      throw new CommandError(ExitCode.WrongInput, `${path}: its packets are not Ethernet frames (link type ${capture.linkType})`, {
        hint: "capture on one Ethernet device, not on `any`",
      });
    }
    return capture;
  } catch (error) {
    if (error instanceof PcapError) throw new CommandError(ExitCode.WrongInput, `${path}: ${error.message}`);
    throw error;
  }
}

function readParams(texts: readonly string[]): Readonly<Record<string, bigint>> {
  const entries = Object.entries(readAssignments(texts)).map(([path, text]): [string, bigint] => {
    const value = parseInteger(text);
    if (value === undefined) throw new UsageError(`--set ${path}: "${text}" is not a number or an address`);
    return [path, value];
  });
  return Object.fromEntries(entries);
}
