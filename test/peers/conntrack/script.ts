/**
 * Sequences of packets as text, one a line, in the manner of packetdrill and tcpdump. `>` goes from the client to the
 * server, `<` back; numbers are relative to what each side began with. `+30 >` comes thirty seconds later.
 *
 *     > S 0 win 1000 wscale 7        flags as tcpdump writes them (none: no flag), sequence, acknowledgement, window
 *     < S. 0 ack 1
 *     > P. 1(100) ack 1              a hundred bytes
 *     > udp 20                       a datagram of twenty bytes
 *     < reply                        ICMP: echo, reply
 *     < unreachable of 1 by router   ICMP errors quote a packet of the script by its number
 *     > cookie-echo,data             SCTP chunks; `tag 5` overrides the verification tag
 *     > protocol 47
 *
 * `badsum` at the end of a line makes the transport checksum wrong, `short` cuts the packet within its transport header.
 */

export type Side = "client" | "server";

export interface TcpContent {
  readonly kind: "tcp";
  readonly flags: string;
  readonly sequence: number;
  readonly length: number;
  readonly acknowledgement: number | undefined;
  readonly window: number;
  readonly windowScale: number | undefined;
  readonly selective: boolean;
}
export type IcmpError = "unreachable" | "too-big" | "time-exceeded" | "parameter-problem" | "redirect" | "source-quench";
export type Content =
  | TcpContent
  | { readonly kind: "udp"; readonly length: number }
  | { readonly kind: "echo"; readonly reply: boolean; readonly identifier: number }
  | { readonly kind: "error"; readonly error: IcmpError; readonly of: number; readonly byRouter: boolean; readonly quoted: number }
  | { readonly kind: "sctp"; readonly chunks: readonly string[]; readonly tag: number | undefined }
  | { readonly kind: "other"; readonly protocol: number };

export interface Line {
  readonly from: Side;
  /** seconds since the packet before */
  readonly after: number;
  readonly content: Content;
  readonly badChecksum: boolean;
  readonly short: boolean;
}

const errors: readonly IcmpError[] = ["unreachable", "too-big", "time-exceeded", "parameter-problem", "redirect", "source-quench"];
const DEFAULT_WINDOW = 65_535;

export function parse(script: string): Line[] {
  return script
    .split("\n")
    .map(line => line.trim())
    .filter(line => line !== "")
    .map(parseLine);
}

function parseLine(line: string): Line {
  const [, after, arrow, rest = ""] = /^(?:\+(\d+) +)?([<>]) +(.+)$/.exec(line) ?? fail(line);
  const words = new Words(rest, line);
  const badChecksum = words.flag("badsum");
  const short = words.flag("short");
  const content = parseContent(words, line);
  words.end();
  return { from: arrow === ">" ? "client" : "server", after: Number(after ?? 0), content, badChecksum, short };
}

function parseContent(words: Words, line: string): Content {
  const first = words.next();
  if (first === "udp") return { kind: "udp", length: Number(words.next() ?? 0) };
  if (first === "echo" || first === "reply") return { kind: "echo", reply: first === "reply", identifier: words.named("id") ?? 0 };
  if (first === "protocol") return { kind: "other", protocol: Number(words.next()) };
  const error = errors.find(one => one === first);
  if (error) {
    return {
      kind: "error",
      error,
      of: words.named("of") ?? fail(line),
      byRouter: words.flag("by router"),
      quoted: words.named("quoted") ?? 8,
    };
  }
  if (/^[a-z-]{3,}/.test(first ?? "") && first !== "none") {
    return { kind: "sctp", chunks: first?.split(",") ?? [], tag: words.named("tag") };
  }
  const [, sequence, length] = /^(-?\d+)(?:\((\d+)\))?$/.exec(words.next() ?? "") ?? fail(line);
  return {
    kind: "tcp",
    flags: first === "none" ? "" : (first ?? ""),
    sequence: Number(sequence),
    length: Number(length ?? 0),
    acknowledgement: words.named("ack"),
    window: words.named("win") ?? DEFAULT_WINDOW,
    windowScale: words.named("wscale"),
    selective: words.flag("sack"),
  };
}

/** The words of a line that nothing has taken yet. */
class Words {
  #rest: string;
  readonly #line: string;

  constructor(rest: string, line: string) {
    this.#rest = ` ${rest} `;
    this.#line = line;
  }
  next(): string | undefined {
    return this.#take(/^ +(\S+)(?= )/);
  }
  named(name: string): number | undefined {
    const text = this.#take(new RegExp(` ${name} (-?\\d+)(?= )`));
    return text === undefined ? undefined : Number(text);
  }
  flag(name: string): boolean {
    return this.#take(new RegExp(` (${name})(?= )`)) !== undefined;
  }
  end(): void {
    if (this.#rest.trim() !== "") fail(`${this.#line}: "${this.#rest.trim()}"`);
  }
  #take(what: RegExp): string | undefined {
    const found = what.exec(this.#rest);
    if (found) this.#rest = this.#rest.replace(what, "");
    return found?.[1];
  }
}

function fail(line: string): never {
  throw new SyntaxError(`no packet: ${line}`);
}
