/** Access lists of any length, as rules of the block and as the C that a careful engineer would write for them. */

/** One rule: TCP from a prefix to a range of ports. */
export interface Rule {
  readonly prefix: number;
  readonly length: number;
  readonly low: number;
  readonly high: number;
  readonly allow: boolean;
}

/** A packet without ports (a later fragment) matches no rule that names some. */
const NO_PORT = 65_536;

/** Random rules from a fixed seed; the last one is met by the bench's packet. */
export function rulesOf(count: number): readonly Rule[] {
  let state = 0x2545_f491;
  const next = (below: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const ports = [
    [22, 22],
    [80, 80],
    [443, 443],
    [8000, 8080],
    [0, NO_PORT],
  ] as const;
  const rules = Array.from({ length: count - 1 }, (): Rule => {
    const length = count > 100 ? [8, 16, 16, 20, 24, 24, 24, 28, 32, 32][next(10)] : [8, 16, 24, 32][next(4)];
    const [low, high] = ports[next(ports.length)] ?? ports[0];
    const address = next(2 ** 32);
    // 10.0.0.0/8 is left for the last rule, so that the bench's packet goes down to it
    const prefix = address >>> 24 === 10 ? address ^ 0x8000_0000 : address;
    return { prefix: masked(prefix >>> 0, length ?? 32), length: length ?? 32, low, high, allow: next(2) === 0 };
  });
  return [...rules, { prefix: 0x0a00_0000, length: 16, low: 80, high: 80, allow: true }];
}

function masked(address: number, length: number): number {
  return length === 0 ? 0 : (address & (0xffff_ffff << (32 - length))) >>> 0;
}

/** In the block's own words. */
export function ruleText({ prefix, length, low, high, allow }: Rule): string {
  const address = [24, 16, 8, 0].map(shift => (prefix >>> shift) & 255).join(".");
  const port = high === NO_PORT ? "" : low === high ? ` and dst port ${low}` : ` and dst portrange ${low}-${high}`;
  return `${allow ? "allow" : "deny"} tcp and src net ${address}/${length}${port}`;
}

/** From this port on, the rule that decides. */
type Ports = readonly (readonly [from: number, allow: boolean])[];

function portsOf(rules: readonly Rule[]): Ports {
  const cuts = new Set([0, NO_PORT]);
  for (const { low, high } of rules) {
    cuts.add(low);
    if (high < NO_PORT) cuts.add(high + 1);
  }
  const ports: [number, boolean][] = [];
  for (const from of [...cuts].sort((a, b) => a - b)) {
    const allow = rules.find(({ low, high }) => low <= from && from <= high)?.allow ?? false;
    if (ports.at(-1)?.[1] !== allow) ports.push([from, allow]);
  }
  return ports;
}

/** Addresses cut into intervals within which the same rules hold; equal neighbours are one. */
function intervals(rules: readonly Rule[]): { readonly starts: readonly number[]; readonly ports: readonly Ports[] } {
  const cuts = new Set([0]);
  for (const { prefix, length } of rules) {
    cuts.add(prefix);
    const end = prefix + 2 ** (32 - length);
    if (end < 2 ** 32) cuts.add(end);
  }
  const starts: number[] = [];
  const ports: Ports[] = [];
  for (const start of [...cuts].sort((a, b) => a - b)) {
    const here = portsOf(rules.filter(({ prefix, length }) => masked(start, length) === prefix));
    if (JSON.stringify(here) === JSON.stringify(ports.at(-1))) continue;
    starts.push(start);
    ports.push(here);
  }
  return { starts, ports };
}

const opening = `#include "twin.h"

PROGRAM
int acl(CONTEXT *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
`;
/** Behind up to two tags, with options, and fragments told apart; on tc also where headers lie outside of the linear part. */
const prologue = `${opening}#ifdef TC
	if (data + 256 > end && end - data < ctx->len) {
		bpf_skb_pull_data(ctx, ctx->len < 256 ? ctx->len : 256);
		data = (void *)(long)ctx->data;
		end = (void *)(long)ctx->data_end;
	}
	// the first tag lies beside the frame, one more in it
	if (ctx->vlan_present && data + 18 <= end && is_tag(AT(u16, data, 16)))
		goto deny;
#endif
	void *ip = network_of(data, end, ETHERTYPE_IPV4);
	if (!ip || ip + 20 > end || AT(u8, ip, 0) >> 4 != 4)
		goto deny;
	u32 length = (AT(u8, ip, 0) & 15) * 4, total = bpf_ntohs(AT(u16, ip, 2));
	if (length < 20 || total < length || total > end - ip || AT(u8, ip, 9) != 6)
		goto deny;
	u32 source = bpf_ntohl(AT(u32, ip, 12)), port = ${NO_PORT};
	if (!(AT(u16, ip, 6) & bpf_htons(0x1fff))) {
		void *tcp = ip + length;
		if (tcp + 4 > end)
			goto deny;
		port = bpf_ntohs(AT(u16, tcp, 2));
	}
`;
const plainPrologue = `${opening}	void *ip = plain_ipv4(data, end);
	if (!ip || AT(u8, ip, 9) != 6 || ip + 24 > end)
		goto deny;
	u32 source = bpf_ntohl(AT(u32, ip, 12)), port = bpf_ntohs(AT(u16, ip, 22));
`;
const epilogue = `allow:
	return PASS;
deny:
	return drop(0);
}

LICENSE;
`;

/** A program of the tree. */
export function treeTwin(rules: readonly Rule[], { plain = false } = {}): string {
  return `${plain ? plainPrologue : prologue}${treeOf(rules)}${epilogue}`;
}

/** The tree as a function of a packet whose addresses and ports are known, for programs that do more. */
export function treeFunction(rules: readonly Rule[]): string {
  return `static __always_inline int is_allowed(struct packet *p)
{
	u32 source = bpf_ntohl(p->way.source), port = bpf_ntohs(p->way.ports >> 16);
	if (p->protocol != PROTOCOL_TCP)
		return 0;
${treeOf(rules)}allow:
	return 1;
deny:
	return 0;
}
`;
}

/** A balanced search for the interval of the source, then the ports of it; equal leaves are one. */
function treeOf(rules: readonly Rule[]): string {
  const { starts, ports } = intervals(rules);
  const leaves = new Map<string, number>();
  const leafOf = (of: Ports): string => {
    if (of.length === 1) return of[0]?.[1] ? "goto allow;" : "goto deny;";
    const key = JSON.stringify(of);
    const number = leaves.get(key) ?? leaves.size;
    leaves.set(key, number);
    return `goto ports_${number};`;
  };
  const search = (from: number, to: number, indent: string): string => {
    const only = ports[from];
    if (to - from === 1 && only) return `${indent}${leafOf(only)}\n`;
    const middle = (from + to) >> 1;
    const [below, above] = [search(from, middle, `${indent}\t`), search(middle, to, `${indent}\t`)];
    return `${indent}if (source < 0x${(starts[middle] ?? 0).toString(16)}u) {\n${below}${indent}} else {\n${above}${indent}}\n`;
  };
  const tree = search(0, starts.length, "\t");
  const tails = [...leaves].map(([key, number]) => {
    const of: Ports = JSON.parse(key);
    const tests = of
      .toReversed()
      .map(([from, allow]) => `\t${from > 0 ? `if (port >= ${from})\n\t\t` : ""}goto ${allow ? "allow" : "deny"};\n`);
    return `ports_${number}:\n\tasm volatile("");\n${tests.join("")}`;
  });
  return `${tree}${tails.join("")}`;
}

/** The list itself, tested from the first rule on. */
export function listTwin(rules: readonly Rule[]): string {
  const tests = rules.map(({ prefix, length, low, high, allow }) => {
    const mask = length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0;
    const net = `(source & 0x${mask.toString(16)}u) == 0x${prefix.toString(16)}u`;
    const range = high === NO_PORT ? "" : low === high ? ` && port == ${low}` : ` && port >= ${low} && port <= ${high}`;
    return `\tif (${net}${range})\n\t\tgoto ${allow ? "allow" : "deny"};\n`;
  });
  return `${prologue}${tests.join("")}\tgoto deny;\n${epilogue}`;
}
