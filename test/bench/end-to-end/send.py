"""Runs the XDP program at descriptor 3 on frames that are really sent (BPF_F_TEST_XDP_LIVE_FRAMES): send.py IFINDEX.

Reads a line with a number of frames, answers with the nanoseconds that they took."""

import ctypes
import platform
import struct
import sys
import time

PROG_TEST_RUN = 10
LIVE_FRAMES = 2
LENGTH = 64
call = {"x86_64": 321, "aarch64": 280}[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)

device = int(sys.argv[1])
data = ctypes.create_string_buffer(LENGTH)
# struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex
context = ctypes.create_string_buffer(struct.pack("=6I", 0, LENGTH, 0, device, 0, 0), 24)
print("ready", flush=True)
for line in sys.stdin:
    # of union bpf_attr: prog_fd, retval, sizes and addresses of data, repeat, duration, sizes and addresses of contexts, flags, cpu, batch_size
    attributes = struct.pack(
        "=IIIIQQIIIIQQIII4x", 3, 0, LENGTH, 0, ctypes.addressof(data), 0, int(line), 0, 24, 0, ctypes.addressof(context), 0, LIVE_FRAMES, 0, 64
    )
    started = time.monotonic_ns()
    if libc.syscall(call, PROG_TEST_RUN, ctypes.create_string_buffer(attributes, len(attributes)), len(attributes)) < 0:
        sys.exit(f"test run: error {ctypes.get_errno()}")
    print(time.monotonic_ns() - started, flush=True)
