/** All sequences, by topic. */
import { datagrams, datagramsOverIpv4 } from "./datagrams.js";
import { sctp } from "./sctp.js";
import { tcpClosing } from "./tcp-closing.js";
import { tcpFlags } from "./tcp-flags.js";
import { tcpNotPickedUp, tcpPickedUp } from "./tcp-middle.js";
import { tcpOpening } from "./tcp-opening.js";
import { tcpReset } from "./tcp-reset.js";
import { tcpWindow } from "./tcp-window.js";
import type { Topic } from "./topic.js";

export const topics: Readonly<Record<string, Topic>> = {
  opening: tcpOpening,
  closing: tcpClosing,
  reset: tcpReset,
  window: tcpWindow,
  flags: tcpFlags,
  "picked up": tcpPickedUp,
  "not picked up": tcpNotPickedUp,
  datagrams,
  "datagrams over IPv4": datagramsOverIpv4,
  sctp,
};
