import { flight, script, type Topic } from "./topic.js";

const sequences = {
  "ACK alone": "> . 1 ack 1",
  "data from the client": "> P. 1(100) ack 1",
  "data both ways": script("> P. 1(100) ack 1", "< P. 1(100) ack 101", "> . 101 ack 101"),
  "data from the server first": script("< P. 1(100) ack 1", "> . 1 ack 101", "> P. 1(50) ack 101"),
  "three segments one way": script("> . 1(1000) ack 1", "> . 1001(1000) ack 1", "> . 2001(1000) ack 1"),
  "far more than a window one way": script(flight(">", 40), "< . 1 ack 100001"),
  "an answer, then a jump": script("> P. 1(100) ack 1", "< . 1 ack 101", "> P. 10000000(10) ack 1"),
  "closed by FINs": script("> P. 1(100) ack 1", "< . 1 ack 101", "> F. 101 ack 1", "< F. 1 ack 102", "> . 102 ack 2"),
  "begins with a FIN": script("> F. 1 ack 1", "< F. 1 ack 2", "> . 2 ack 2"),
  "begins with a FIN of the server": script("< F. 1 ack 1", "> . 1 ack 2"),
  "begins with a SYN-ACK": script("< S. 0 ack 1", "> . 1 ack 1"),
  "begins with a reset": "> R 1",
  "begins with a reset and ACK": "> R. 1 ack 1",
  "reset by the client": script("> P. 1(100) ack 1", "< . 1 ack 101", "> R 101", "< . 1 ack 101"),
  "reset by the server at once": script("> P. 1(100) ack 1", "< R 1"),
  "reset by the server of an ACK it does not know": script("> . 1 ack 1", "< R 1", "> S 5000", "< S. 0 ack 5001", "> . 5001 ack 1"),
  "SYN after it": script("> P. 1(100) ack 1", "> S 5000", "< S. 0 ack 5001"),
  "silence for two minutes, then an answer": script("> P. 1(100) ack 1", "+120 < . 1 ack 101"),
  "begins with PSH alone": "> P 1(100)",
  "begins with the window's end": script("> . 1 ack 1 win 0", "< . 1 ack 1 win 1000", "> P. 1(10) ack 1"),
};

/** Connections that began before they were tracked, picked up. */
export const tcpPickedUp: Topic = { pickUp: true, families: [4, 6], sequences };

/** The same, not picked up. */
export const tcpNotPickedUp: Topic = { pickUp: false, families: [4], sequences };
