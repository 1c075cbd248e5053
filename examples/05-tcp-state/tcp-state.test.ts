import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, Verdict } from "datapath";
import { Ethernet, Ipv4, Tcp } from "datapath/headers";
import { packet, rows, simulate } from "datapath/testing";
import TcpState, { State } from "./tcp-state.dp.js";

type Flags = Parameters<typeof Tcp.of>[0] extends infer Init | undefined ? (Init extends { flags?: infer F } ? F : never) : never;
const client = ipv4("192.0.2.1");
const server = ipv4("198.51.100.1");
const request = (flags: Flags): Uint8Array =>
  packet(Ethernet.of(), Ipv4.of({ src: client, dst: server }), Tcp.of({ srcPort: 40_000, dstPort: 80, flags }));
const answer = (flags: Flags): Uint8Array =>
  packet(Ethernet.of(), Ipv4.of({ src: server, dst: client }), Tcp.of({ srcPort: 80, dstPort: 40_000, flags }));

rows(() => new TcpState(), "ingress", {
  "data of no connection is dropped": { in: request({ ack: true }), verdict: Verdict.drop("no connection") },
  "a SYN begins one": { in: request({ syn: true }), verdict: Verdict.Pass },
  "then data passes": { in: request({ ack: true }), after: 1, verdict: Verdict.Pass },
  "and the end": { in: request({ fin: true, ack: true }), after: 1, verdict: Verdict.Pass },
  "an answer to what was not asked is dropped": { in: answer({ syn: true, ack: true }), verdict: Verdict.drop("no connection") },
});
rows(() => new TcpState(), "egress", {
  "what is here may open a connection": { in: answer({ syn: true }), verdict: Verdict.Pass },
});

test("both directions are one connection, in the state that its packets tell", () => {
  const pipeline = new TcpState();
  const key = { here: server, there: client, herePort: 80, therePort: 40_000 };
  const stateAfter = (hook: "ingress" | "egress", bytes: Uint8Array): number | undefined => {
    assert.equal(simulate(pipeline, hook, bytes).verdict, Verdict.Pass);
    return pipeline.flows.get(key)?.state;
  };
  assert.equal(stateAfter("ingress", request({ syn: true })), State.Opening);
  assert.equal(stateAfter("egress", answer({ syn: true, ack: true })), State.Open);
  assert.equal(stateAfter("ingress", request({ ack: true })), State.Open);
  assert.equal(stateAfter("ingress", request({ fin: true, ack: true })), State.Closing);
  assert.equal(stateAfter("egress", answer({ rst: true })), State.Closed);
  assert.equal(pipeline.flows.get(key)?.packets, 5n);
});
