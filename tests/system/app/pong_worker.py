#!/usr/bin/python3
"""Answers each chunk of a call with `pong:` before it, and passes on how the call ends."""
import socket
import sys

sys.path.append("/usr/lib/python3/dist-packages")
import msgpack  # noqa: E402

FLAGS = dict(zip(sys.argv[1::2], sys.argv[2::2]))
node = socket.socket(socket.AF_UNIX)
node.connect(FLAGS["--endpoint"])
opened = set()


def say(*frame):
    node.sendall(msgpack.packb(frame, use_bin_type=False))


say(1, 0, [FLAGS["--uuid"]])
say(1, 0, [])
unpacker = msgpack.Unpacker(raw=True)
while got := node.recv(65536):
    unpacker.feed(got)
    for channel, kind, arguments, *_ in unpacker:
        if channel == 1 and kind == 1:
            say(1, 1, arguments)
            sys.exit(0)
        if channel == 1:
            continue
        if channel not in opened:
            opened.add(channel)
        elif kind == 0:
            say(channel, 0, [b"pong:" + arguments[0]])
        else:
            say(channel, kind, arguments)
