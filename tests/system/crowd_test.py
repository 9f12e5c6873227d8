"""Many clients of one node: 100,000 that come and leave, each in its own way, and 15,000 that are there at once.

The clients are bare sockets with ready-made frames, so that the node is what is measured and not they."""
import multiprocessing
import os
import random
import resource
import socket
import struct
import time
import unittest

from node_support import HEAD, PATIENCE, STORAGE, Client, Node, msgpack, need_node, wait
from support import SLOWNESS

# A program built with sanitizers is slow, and keeps memory that it has given back.
VISITS, AT_ONCE = (100_000, 15_000) if SLOWNESS == 1 else (10_000, 2_000)
HOUSES = 4
AT_ROUND = 250  # no more questions under way than the storage queues
READ = 0
WAYS = ("silent", "asks", "asks and goes", "half a frame", "no frame", "resets")
KEPT_BYTES_MAX = 64 << 20


def frame(channel, method, *arguments):
    return msgpack.packb([channel, method, list(arguments)], use_bin_type=False) if msgpack else b""


QUESTION = frame(1, READ, "crowd", "key")
ANSWER = frame(1, 0, b"value")
SECOND_QUESTION = frame(2, READ, "crowd", "key")
SECOND_ANSWER = frame(2, 0, b"value")


def reset(one):
    """Leaves with a reset in place of a goodbye: also nothing of it stays in this machine's tables."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()


def visit(port, house, way):
    """Whether all went as it should."""
    one = socket.socket()
    # An address of its own for each process: more ports.
    one.bind((f"127.0.1.{house + 1}", 0))
    one.settimeout(PATIENCE)
    one.connect(("127.0.0.1", port))
    good = True
    if way == "asks" or way == "resets":
        one.sendall(QUESTION)
        good = received(one, len(ANSWER)) == ANSWER
    elif way == "asks and goes":
        one.sendall(QUESTION)
    elif way == "half a frame":
        one.sendall(QUESTION[:7])
    elif way == "no frame":
        one.sendall(b"GET / HTTP/1.1\r\n\r\n")
    if way == "asks":
        # Goodbye in order: the node sees the end of the stream, and closes too.
        one.shutdown(socket.SHUT_WR)
        good = good and one.recv(1) == b""
    reset(one)
    return good


def visits(port, house, count):
    chance = random.Random(house)
    bad = []
    for _ in range(count):
        way = chance.choice(WAYS)
        try:
            if not visit(port, house, way):
                bad.append(f"{way}: no answer")
        except OSError as error:
            bad.append(f"{way}: {error}")
    return bad[:10], len(bad)


def received(one, count):
    """So many bytes, in however many pieces they come: a socket with a timeout does not wait for all by itself."""
    out = b""
    while len(out) < count and (piece := one.recv(count - len(out))):
        out += piece
    return out


class Crowd(unittest.TestCase):
    def setUp(self):
        need_node()
        # Raised for the node too, which is a child.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.files = hard

    def node(self, connections):
        node = Node(STORAGE, HEAD + f"limits: {{{{connections: {connections}}}}}\n")
        self.addCleanup(node.clean)
        node.start()
        first = Client(node.port())
        first.call(1, "crowd", "key", b"value", [])
        first.close()
        return node

    def resources(self, node):
        """(open files, bytes of its own) of the node."""
        pid = node.process.pid
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            kept = next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))
        return len(os.listdir(f"/proc/{pid}/fd")), kept

    def wait_until_alone(self, node):
        wait(lambda: node.status()["connections"] == 0, "all clients to be gone", PATIENCE, node.log)

    def assert_serves(self, node):
        client = Client(node.port())
        self.assertEqual(client.call(READ, "crowd", "key"), [b"value"])
        client.close()

    def test_a_hundred_thousand_come_and_leave_and_nothing_of_them_stays(self):
        node = self.node(4_096)
        with multiprocessing.Pool(HOUSES) as houses:
            houses.starmap(visits, [(node.port(), house, 250) for house in range(HOUSES)])
            self.wait_until_alone(node)
            files, kept = self.resources(node)
            began = time.monotonic()
            outcomes = houses.starmap(visits, [(node.port(), house, VISITS // HOUSES) for house in range(HOUSES)], chunksize=1)
            seconds = time.monotonic() - began
            houses.close()
            houses.join()
        self.assertEqual(sum(count for _, count in outcomes), 0, [bad for bad, _ in outcomes])
        self.wait_until_alone(node)
        files_now, kept_now = self.resources(node)
        print(f"{VISITS} visits in {seconds:.1f} s; the node keeps {(kept_now - kept) >> 10} KiB more than before")
        self.assertLessEqual(files_now, files + 2)
        if SLOWNESS == 1:
            self.assertLess(kept_now - kept, KEPT_BYTES_MAX)
        self.assert_serves(node)
        self.assertGreaterEqual(node.metric("sonm_node_connections_total"), VISITS)

    def test_fifteen_thousand_at_once_are_answered_and_the_one_too_many_is_turned_away(self):
        if self.files < AT_ONCE + 200:
            self.skipTest(f"needs {AT_ONCE + 200} open files in one process, the limit is {self.files}")
        node = self.node(AT_ONCE)
        crowd = []
        self.addCleanup(lambda: [reset(one) for one in crowd])
        began = time.monotonic()
        answered = 0
        for number in range(AT_ONCE):
            one = socket.create_connection(("127.0.0.1", node.port()), PATIENCE, (f"127.0.1.{number % 4 + 1}", 0))
            one.sendall(QUESTION)
            crowd.append(one)
            if len(crowd) % AT_ROUND == 0:
                answered += sum(received(one, len(ANSWER)) == ANSWER for one in crowd[-AT_ROUND:])
        self.assertEqual(answered, AT_ONCE)
        # All of them are still there: each is answered once more, the newest first.
        answered = 0
        for begin in range(AT_ONCE - AT_ROUND, -1, -AT_ROUND):
            some = crowd[begin:begin + AT_ROUND]
            for one in reversed(some):
                one.sendall(SECOND_QUESTION)
            answered += sum(received(one, len(SECOND_ANSWER)) == SECOND_ANSWER for one in reversed(some))
        self.assertEqual(answered, AT_ONCE)
        print(f"{AT_ONCE} at once, two calls each, in {time.monotonic() - began:.1f} s")
        with socket.create_connection(("127.0.0.1", node.port()), PATIENCE) as late:
            late.settimeout(PATIENCE)
            try:
                late.sendall(QUESTION)
                self.assertEqual(late.recv(1), b"", "the one too many")
            except ConnectionError:
                pass
        self.assertEqual(node.status()["connections"], AT_ONCE)
        while crowd:
            reset(crowd.pop())
        self.wait_until_alone(node)
        self.assert_serves(node)


if __name__ == "__main__":
    from support import main
    main()
