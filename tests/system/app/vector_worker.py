#!/usr/bin/python3
"""A worker that plays tests/vectors/slave/worker.txt, byte for byte, under the uuid that it was started with. Before that it spoils
the first frame in every way, on connections of their own."""
import socket
import sys
from pathlib import Path

sys.path.append("/usr/lib/python3/dist-packages")
import msgpack  # noqa: E402

FLAGS = dict(zip(sys.argv[1::2], sys.argv[2::2]))
CHANNEL_AT = 1
PATIENCE = 20


def connect():
    node = socket.socket(socket.AF_UNIX)
    node.settimeout(PATIENCE)
    node.connect(FLAGS["--endpoint"])
    return node


def lines():
    known = b"00112233-4455-6677-8899-aabbccddeeff"
    for line in Path("worker.txt").read_text().splitlines():
        if line[:1] in ("<", ">"):
            yield line[0], bytes.fromhex(line[1:]).replace(known, FLAGS["--uuid"].encode())


def spoil(first):
    # Another channel would be a good handshake, and this worker's only one.
    for at in range(len(first)):
        for change in (0, 0x01, 0x40, 0x80, 0xff):
            if change and at == CHANNEL_AT:
                continue
            with connect() as node:
                node.sendall(first[:at] + (bytes([first[at] ^ change]) + first[at + 1:] if change else b""))
                node.shutdown(socket.SHUT_WR)
                while node.recv(4096):
                    pass


class Node:
    """What the node says on each channel, in order; between channels there is none, and the fourth element, which it may add, is not
    in the vectors."""

    def __init__(self, stream):
        self.stream, self.unpacker, self.kept = stream, msgpack.Unpacker(raw=True), []

    def says(self, expected):
        while True:
            said = next((frame for frame in self.kept if frame[0] == expected[0]), None)
            if said is not None:
                self.kept.remove(said)
                return said == expected
            piece = self.stream.recv(4096)
            if not piece:
                sys.exit(f"the node has closed in place of {expected}")
            self.unpacker.feed(piece)
            self.kept += [frame[:3] for frame in self.unpacker]


def main():
    played = list(lines())
    spoil(played[0][1])
    print("the first frame was spoilt in every way", flush=True)
    with connect() as stream:
        node = Node(stream)
        for direction, data in played:
            if direction == ">":
                stream.sendall(data)
            elif not node.says(msgpack.unpackb(data, raw=True)):
                sys.exit(f"the node says something else than {data.hex()}")


main()
