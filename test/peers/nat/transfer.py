"""
Sends bytes that come back, and says whether they are the same.

`serve PORT`: TCP and UDP of both families, each sends back what it gets. `tcp HOST PORT BYTES`: by sendfile, so that what is sent
stays in pages of its own. `udp HOST PORT SIZE...`: a datagram of each size. `raw DEVICE MAC SOURCE PORT HOST PORT SIZE MACHINE`: one
datagram as a frame whose headers, but for Ethernet's, are not in the linear part of what the kernel makes of it.
"""

import hashlib
import os
import socket
import struct
import sys
import tempfile
import threading

SOL_PACKET, PACKET_VNET_HDR = 263, 15
NEEDS_CHECKSUM = 1


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def serve(port):
    def connection(sock):
        with sock:
            while data := sock.recv(1 << 16):
                sock.sendall(data)

    def datagrams(sock):
        while True:
            data, address = sock.recvfrom(65536)
            sock.sendto(data, address)

    for kind in (socket.AF_INET, socket.AF_INET6):
        udp = socket.socket(kind, socket.SOCK_DGRAM)
        if kind == socket.AF_INET6:
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        udp.bind(("", port))
        threading.Thread(target=datagrams, args=(udp,), daemon=True).start()
    listener = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    print("ready", flush=True)
    while True:
        threading.Thread(target=connection, args=(listener.accept()[0],), daemon=True).start()


def tcp(host, port, count):
    data = os.urandom(count)
    got = hashlib.sha256()
    with tempfile.TemporaryFile() as file, socket.create_connection((host, port), 10) as sock:
        file.write(data)
        file.flush()
        file.seek(0)
        sender = threading.Thread(target=sock.sendfile, args=(file,))
        sender.start()
        left = count
        while left > 0 and (part := sock.recv(1 << 16)):
            got.update(part)
            left -= len(part)
        sender.join()
    return got.digest() == hashlib.sha256(data).digest()


def udp(host, port, sizes):
    with socket.socket(family(host), socket.SOCK_DGRAM) as sock:
        sock.settimeout(3)
        sock.connect((host, port))
        for size in sizes:
            data = os.urandom(size)
            sock.send(data)
            if sock.recv(65536) != data:
                return False
    return True


def folded(data, total=0):
    total += sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) // 2 * 2])) + (data[-1] << 8 if len(data) % 2 else 0)
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def raw(device, mac, source, source_port, host, port, size, machine):
    data = os.urandom(size)
    ends = socket.inet_aton(source) + socket.inet_aton(host)
    pseudo = ends + struct.pack("!HH", 17, 8 + size)
    header = struct.pack("!HHHH", source_port, port, 8 + size, 0)
    # What the machine's own stack leaves to the device is the sum of the addresses alone.
    check = folded(pseudo) if machine else 0xFFFF - folded(pseudo + header + data) or 0xFFFF
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 28 + size, 1, 0x4000, 64, 17, 0)
    ip = ip[:10] + struct.pack("!H", 0xFFFF - folded(ip + ends)) + ends
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answer, socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        answer.settimeout(3)
        answer.bind((source, source_port))
        out.bind((device, 0))
        out.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        own = out.getsockname()[4]
        frame = bytes.fromhex(mac.replace(":", "")) + own + b"\x08\x00" + ip + header[:6] + struct.pack("!H", check) + data
        virtual = struct.pack("<BBHHHH", NEEDS_CHECKSUM if machine else 0, 0, 14, 0, 34 if machine else 0, 6 if machine else 0)
        out.send(virtual + frame)
        return answer.recv(65536) == data


def main():
    role, *words = sys.argv[1:]
    if role == "serve":
        serve(int(words[0]))
    if role == "tcp":
        same = tcp(words[0], int(words[1]), int(words[2]))
    elif role == "udp":
        same = udp(words[0], int(words[1]), map(int, words[2:]))
    else:
        device, mac, source, source_port, host, port, size, machine = words
        same = raw(device, mac, source, int(source_port), host, int(port), int(size), machine == "machine")
    sys.exit(0 if same else 1)


main()
