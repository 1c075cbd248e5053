"""
Sends frames through a namespace that forwards them under nf_conntrack, and says what it made of each.

Started in the namespace of the two outer devices, with the path of the forwarding namespace as its argument. Reads a
JSON list of sequences from standard input, each a list of steps {from, frame, after, flow}; writes the same lists of
answers {class, reply, state, timeout} to standard output.

- The ruleset of the forwarding namespace writes what `ct state` and `ct direction` say into the DSCP of each packet,
  so that the answer is in the frame that comes out on the other side.
- The state is read back over ctnetlink after each packet.
- `after` does not wait: a flow's timeout is shortened by as many seconds, or the flow is deleted where it has no more.
"""

import ctypes
import json
import os
import select
import socket
import struct
import sys

CLASSES = [None, "invalid", "new", "established", "related", "untracked"]
ETH_P_ALL = 3
PACKET_OUTGOING = 4
CLONE_NEWNET = 0x40000000
NETLINK_NETFILTER = 12
NLM_F_REQUEST, NLM_F_ACK = 1, 4
NEW, GET, DELETE = 0x100, 0x101, 0x102
NLA_F_NESTED = 0x8000
TUPLE_ORIG, STATUS, PROTOINFO, TIMEOUT = 1, 3, 4, 7
ICMP, ICMPV6 = 1, 58


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def nested(kind, *inner):
    return attribute(kind | NLA_F_NESTED, b"".join(inner))


def attributes(data):
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3FFF] = data[4:length]
        data = data[(length + 3) & ~3 :]
    return found


def tuple_of(flow):
    source, destination = (socket.inet_pton(family_of(flow), flow[side]) for side in ("source", "destination"))
    first = 1 if len(source) == 4 else 3
    if flow["protocol"] in (ICMP, ICMPV6):
        echo = 4 if flow["protocol"] == ICMP else 7
        request = 8 if flow["protocol"] == ICMP else 128
        ports = [
            attribute(echo, struct.pack("!H", flow["sourcePort"])),
            attribute(echo + 1, bytes([request])),
            attribute(echo + 2, bytes([0])),
        ]
    else:
        ports = [attribute(2, struct.pack("!H", flow["sourcePort"])), attribute(3, struct.pack("!H", flow["destinationPort"]))]
    return nested(
        TUPLE_ORIG,
        nested(1, attribute(first, source), attribute(first + 1, destination)),
        nested(2, attribute(1, bytes([flow["protocol"]])), *ports),
    )


def family_of(flow):
    return socket.AF_INET6 if ":" in flow["source"] else socket.AF_INET


class Table:
    """nf_conntrack's table of the namespace that this is made in."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.socket.bind((0, 0))
        self.sequence = 0

    def ask(self, kind, flow, *more):
        self.sequence += 1
        body = struct.pack("=BBH", family_of(flow), 0, 0) + tuple_of(flow) + b"".join(more)
        flags = NLM_F_REQUEST | (0 if kind == GET else NLM_F_ACK)
        self.socket.send(struct.pack("=IHHII", 16 + len(body), kind, flags, self.sequence, 0) + body)
        answer = self.socket.recv(65536)
        length, kind = struct.unpack_from("=IH", answer)
        if kind == 2:  # NLMSG_ERROR; 0 acknowledges
            error = -struct.unpack_from("=i", answer, 16)[0]
            if error not in (0, 2):
                raise OSError(error, os.strerror(error), "ctnetlink")
            return None
        return attributes(answer[20:length])

    def look_up(self, flow):
        entry = self.ask(GET, flow)
        if entry is None:
            return None
        info = attributes(entry.get(PROTOINFO, b""))
        states = [attributes(inner).get(1) for inner in info.values()]
        state = states[0][0] if states and states[0] else 0
        timeout = struct.unpack("!I", entry[TIMEOUT])[0] if TIMEOUT in entry else 0
        return {"state": state, "timeout": timeout, "status": struct.unpack("!I", entry[STATUS])[0]}

    def let_pass(self, flow, seconds):
        entry = self.look_up(flow)
        if entry is None:
            return
        if entry["timeout"] <= seconds:
            self.ask(DELETE, flow)
        else:
            self.ask(NEW, flow, attribute(TIMEOUT, struct.pack("!I", entry["timeout"] - seconds)))


def outer(device):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.bind((device, 0))
    sock.setsockopt(263, 1, struct.pack("IHH8s", socket.if_nametoindex(device), 1, 0, b""))  # promiscuous
    return sock


def forwarded(sock, sent):
    """The frame as it came out, or nothing where it was lost. Addresses and what is behind them do not change."""
    rest = 26 if sent[12:14] == b"\x08\x00" else 22
    while select.select([sock], [], [], 5)[0]:
        frame, address = sock.recvfrom(65536)
        if address[2] != PACKET_OUTGOING and frame[rest:] == sent[rest:]:
            return frame
    return None


def dscp_of(frame):
    if frame[12:14] == b"\x08\x00":
        return frame[15] >> 2
    return (struct.unpack_from("!H", frame, 14)[0] >> 6) & 0x3F


def main():
    devices = [outer("left"), outer("right")]
    namespace = os.open(sys.argv[1], os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    table = Table()

    def answer(step):
        if step["after"]:
            table.let_pass(step["flow"], step["after"])
        sent = bytes.fromhex(step["frame"])
        devices[step["from"]].send(sent)
        frame = forwarded(devices[1 - step["from"]], sent)
        mark = dscp_of(frame) if frame else 0
        entry = table.look_up(step["flow"])
        return {"class": CLASSES[mark >> 1] or "lost", "reply": bool(mark & 1), "entry": entry}

    json.dump([[answer(step) for step in sequence] for sequence in json.load(sys.stdin)], sys.stdout)


main()
