import { handshake, script, type Topic } from "./topic.js";

/** Combinations of flags that no stack sends (nf_conntrack's table of valid ones, nmap's scans). */
const combinations = [
  "none",
  "SF",
  "SF.",
  "SR",
  "SR.",
  "FR",
  "FR.",
  "SFR",
  "F",
  "P",
  "U",
  "PU",
  "FPU",
  "SFPU",
  "SFRP.U",
  "E",
  "W",
  "S.P",
  "SFP",
  "SRP",
  "FRP.",
  "S.U",
];

export const tcpFlags: Topic = {
  pickUp: false,
  families: [4],
  sequences: {
    ...Object.fromEntries(combinations.map(flags => [`${flags} without a connection`, `> ${flags} 0`])),
    ...Object.fromEntries(combinations.map(flags => [`${flags} in a connection`, script(handshake, `> ${flags} 1 ack 1`, "> . 1 ack 1")])),
    "a wrong checksum in the SYN": script("> S 0 badsum", "> S 0"),
    "a wrong checksum in a connection": script(handshake, "> P. 1(10) ack 1 badsum", "> P. 1(10) ack 1"),
    "a header cut short": script("> S 0 short", "> S 0"),
  },
};
