"""
Sends frames by one of two devices and says what comes out of either.

Started in the namespace of the devices `left` and `right`. Each line of standard input is {device, frame}, each line of
standard output the list of {device, frame} that answered it: what came until nothing more did for a while.
"""

import json
import select
import socket
import struct
import sys

ETH_P_ALL = 3
PACKET_OUTGOING = 4
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 263, 1, 1
FIRST, NEXT = 0.12, 0.01  # seconds
# A stack says which groups it listens to when it likes (RFC 3810): that answers nothing.
MEMBERSHIP = bytes.fromhex("333300000016")


def opened(device):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.bind((device, 0))
    index = socket.if_nametoindex(device)
    sock.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("IHH8s", index, PACKET_MR_PROMISC, 0, b""))
    return sock


def received(devices, wait):
    names = {sock: name for name, sock in devices.items()}
    frames = []
    while ready := select.select(list(names), [], [], wait)[0]:
        for sock in ready:
            frame, address = sock.recvfrom(65536)
            if address[2] != PACKET_OUTGOING and frame[:6] != MEMBERSHIP:
                frames.append({"device": names[sock], "frame": frame.hex()})
                wait = NEXT
    return frames


def main():
    devices = {name: opened(name) for name in ("left", "right")}
    print(flush=True)
    for line in sys.stdin:
        step = json.loads(line)
        received(devices, 0)
        devices[step["device"]].send(bytes.fromhex(step["frame"]))
        print(json.dumps(received(devices, FIRST)), flush=True)


main()
