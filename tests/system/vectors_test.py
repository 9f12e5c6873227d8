"""The byte vectors of tests/vectors/slave against what really runs: the storage, an application, the socket of its workers. Whole, cut
off after each byte, and with each byte changed."""
import socket
import tempfile
import unittest
from pathlib import Path

from app_support import ROOT, archive, packed
from node_support import HEAD, PATIENCE, STORAGE, Client, Node, msgpack, need_node
from support import SLOWNESS

VECTORS = ROOT / "tests/vectors/slave"
SERVICES = """\
services:
  - {name: storage, type: storage}
  - {name: node, type: apphost}
"""
WRITE, FIND, START_APP, PAUSE_APP, OUTPUT = 1, 3, 0, 1, 7
CHANGES = (0, 0x01, 0x40, 0x80, 0xff) if SLOWNESS == 1 else (0, 0xff)


def lines(name):
    """(direction, bytes), those of one direction joined."""
    out = []
    for line in (VECTORS / name).read_text().splitlines():
        if line[:1] not in ("<", ">"):
            continue
        if out and out[-1][0] == line[0]:
            out[-1] = (line[0], out[-1][1] + bytes.fromhex(line[1:]))
        else:
            out.append((line[0], bytes.fromhex(line[1:])))
    return out


def places(steps):
    """Where what the caller sends can be spoilt, and how: (step, byte in it, change)."""
    return [(number, at, change) for number, (direction, data) in enumerate(steps) if direction == ">"
            for at in range(len(data)) for change in CHANGES]


def spoilt(steps, number, at, change):
    """What is sent from that step on: nothing from that byte on, or all with the byte changed."""
    data = steps[number][1]
    rest = b"".join(more for way, more in steps[number + 1:] if way == ">")
    return data[:at] + (bytes([data[at] ^ change]) + data[at + 1:] + rest if change else b"")


class Vectors(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        need_node()
        cls.node = Node(SERVICES, HEAD + "limits: {{connections: 1000}}\n").start()

    @classmethod
    def tearDownClass(cls):
        cls.node.clean()

    def store(self, name, *files):
        storage = Client(self.node.port())
        self.addCleanup(storage.close)
        storage.call(WRITE, "apps", name, packed(archive(*files)), ["app"])
        storage.call(WRITE, "manifests", name, packed({"slave": "./worker.py"}), ["app"])
        storage.call(WRITE, "profiles", name, packed({"pool-limit": 1}), ["profile"])

    def call_node(self, *what):
        node = Client(self.node.port("node"))
        try:
            return node.call(*what)
        finally:
            node.close()

    def play(self, stream, steps):
        for direction, data in steps:
            if direction == ">":
                stream.sendall(data)
                continue
            got = b""
            while len(got) < len(data) and (piece := stream.recv(len(data) - len(got))):
                got += piece
            self.assertEqual(got.hex(" "), data.hex(" "))

    def spoil(self, steps, port):
        """Up to the damage each answer is right; then there are whole frames or none, and the node closes."""
        where = places(steps)
        for count, (number, at, change) in enumerate(where):
            # A collection for each: what a spoilt one has written is no other's business.
            own = [(direction, data.replace(b"collection", b"c%09d" % count)) for direction, data in steps]
            rest = spoilt(own, number, at, change)
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as stream:
                self.play(stream, own[:number])
                answer = b""
                try:
                    stream.sendall(rest)
                    stream.shutdown(socket.SHUT_WR)
                    while piece := stream.recv(65536):
                        answer += piece
                except ConnectionError:
                    pass  # closed before it has read all that was sent
                unpacker = msgpack.Unpacker(raw=True, strict_map_key=False)
                unpacker.feed(answer)
                whole = sum(1 for _ in unpacker)
                self.assertEqual(unpacker.tell(), len(answer), f"{whole} frames and a part: {answer.hex(' ')} for {rest.hex(' ')}")
        self.assertGreater(len(where), 90)
        return len(where)

    def both(self, steps, port):
        for spoil in (False, True, False):
            if spoil:
                print(f"{self.spoil(steps, port)} spoilt sessions")
                continue
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as stream:
                self.play(stream, steps)
        self.assertEqual(self.node.http("/readyz")[0], 200)

    def test_storage(self):
        # A write is answered when it is on the disk; here in memory, since there are thousands.
        memory = Path("/dev/shm")
        folder = Path(tempfile.mkdtemp(prefix="sonm-node-", dir=memory if memory.is_dir() else None))
        node = Node(STORAGE, folder=folder)
        self.addCleanup(node.clean)
        self.both(lines("storage.txt"), node.start().port())

    def test_an_application(self):
        self.store("app", ("worker.py", ROOT / "tests/system/app/pong_worker.py"))
        self.call_node(START_APP, "app", "app")
        self.both(lines("app.txt"), self.app_port("app"))

    def test_the_socket_of_workers(self):
        self.store("worker", ("worker.py", ROOT / "tests/system/app/vector_worker.py"), ("worker.txt", VECTORS / "worker.txt"))
        self.call_node(START_APP, "worker", "worker")
        client = Client(self.app_port("worker"))
        self.addCleanup(client.close)
        call = client.send(0, "ping")
        client.say(call, 0, b"hello")
        client.say(call, 2)
        self.assertEqual(client.hear(call), (0, [b"pong:hello"]), self.said("worker"))
        self.assertEqual(client.hear(call), (2, []))
        self.call_node(PAUSE_APP, "worker")
        storage = Client(self.node.port())
        self.addCleanup(storage.close)
        self.assertEqual(storage.call(FIND, "crashlogs", ["worker"]), [[]], "it understood the order to end, and was understood")

    def app_port(self, name):
        locator = Client(self.node.locator_port())
        self.addCleanup(locator.close)
        return locator.call(0, name)[0][0][1]

    def said(self, name):
        return self.call_node(OUTPUT, name)


if __name__ == "__main__":
    from support import main
    main()
