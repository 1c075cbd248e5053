import { script, type Topic } from "./topic.js";

const opened = script("> init", "< init-ack", "> cookie-echo", "< cookie-ack");

export const sctp: Topic = {
  pickUp: false,
  families: [4, 6],
  sequences: {
    "INIT alone": "> init",
    "INIT twice": script("> init", "> init"),
    "INIT, INIT ACK": script("> init", "< init-ack"),
    "four-way handshake": opened,
    "data both ways": script(opened, "> data", "< sack", "< data", "> sack"),
    "data with the cookie": script("> init", "< init-ack", "> cookie-echo,data", "< cookie-ack,sack"),
    "data before the cookie's ACK": script("> init", "< init-ack", "> cookie-echo", "< data", "> sack"),
    "COOKIE ECHO twice": script("> init", "< init-ack", "> cookie-echo", "> cookie-echo", "< cookie-ack"),
    "the client shuts down": script(opened, "> shutdown", "< shutdown-ack", "> shutdown-complete"),
    "the server shuts down": script(opened, "< shutdown", "> shutdown-ack", "< shutdown-complete"),
    "both shut down at once": script(opened, "> shutdown", "< shutdown", "> shutdown-ack", "< shutdown-ack", "> shutdown-complete"),
    "shutdown, then a new INIT": script(opened, "> shutdown", "< shutdown-ack", "> shutdown-complete", "> init"),
    "the client aborts": script(opened, "> abort"),
    "the server aborts": script(opened, "< abort", "> data"),
    "the server refuses": script("> init", "< abort tag 49438"),
    "a wrong verification tag": script(opened, "> data tag 1", "> data"),
    "INIT with a tag": "> init tag 5",
    "abort with a wrong tag": script(opened, "> abort tag 77", "> data"),
    "INIT ACK without INIT": "< init-ack",
    "data without an association": "> data",
    "COOKIE ECHO without INIT": "> cookie-echo",
    "ABORT without an association": "> abort",
    "SHUTDOWN without an association": "> shutdown",
    "heartbeat in an association": script(opened, "> heartbeat", "< heartbeat-ack"),
    "heartbeat without an association": script("> heartbeat", "< heartbeat-ack"),
    "INIT in an association": script(opened, "> init"),
    "a wrong checksum": script("> init badsum"),
    "a header cut short": "> init short",
  },
};
