#!/usr/bin/env python3
"""What a running `sonm node` takes over from its changed file, and what its time service and storage keep over lives."""
import socket
import unittest

from node_support import PATIENCE, STORAGE, Client, Node, need_node, signal, wait
from support import SLOWNESS

READ, WRITE, REMOVE = 0, 1, 2
RESOLVE, CLUSTER = 0, 3
NOW = 0
NO_SPACE = 28
HEAD = """\
name: {name}
state: {{state}}
listen: ['127.0.0.1:{port}']
http: {{{{listen: '127.0.0.1:0'{http}}}}}
drain: 2 s
{more}
"""
JSON = {"Content-Type": "application/json"}


def setUpModule():
    need_node()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class ReloadTest(unittest.TestCase):
    def client(self, port):
        client = Client(port)
        self.addCleanup(client.close)
        return client

    def node(self, services=STORAGE, name="tested", **keys):
        port = free_port()
        head = self.head(name, port, **keys)
        node = Node(services, head)
        self.addCleanup(node.clean)
        node.name, node.port_of_node = name, port
        return node

    @staticmethod
    def head(name, port, http="", more=""):
        return HEAD.format(name=name, port=port, http=http, more=more)

    def change(self, node, *said, services=STORAGE, **keys):
        """Another file; the node takes it over and says those lines."""
        node.write(services, self.head(node.name, node.port_of_node, **keys))
        node.signal(signal.SIGHUP)
        for line in said:
            node.said("reload: " + line)

    def test_peers__are_linked_and_let_go_while_both_nodes_run(self):
        other = self.node(name="other", more="locator: {{uuid: other, interval: 1 s}}").start()
        asker = self.node("services:\n  - {name: time, type: time}\n", name="asker",
                          more="locator: {{uuid: asker, interval: 1 s}}").start()
        locator = self.client(asker.locator_port())
        with self.assertRaises(RuntimeError):
            locator.call(RESOLVE, "storage")
        peers = f"peers: {{{{other: '127.0.0.1:{other.port_of_node}'}}}}"
        self.change(asker, "locator.peers: taken over", services="services:\n  - {name: time, type: time}\n",
                    more=f"locator: {{{{uuid: asker, interval: 1 s, {peers}}}}}")

        def found():
            try:
                return locator.call(RESOLVE, "storage")[0]
            except RuntimeError:
                return None
        endpoints = wait(found, "the other node's storage", PATIENCE, asker.log)
        self.client(endpoints[0][1]).call(WRITE, "c", "k", b"v", [])
        self.change(asker, services="services:\n  - {name: time, type: time}\n", more="locator: {{uuid: asker, interval: 1 s}}")
        wait(lambda: not locator.call(CLUSTER)[0], "the peer to be let go", PATIENCE, asker.log)
        self.assertIsNone(found())

    def test_connections_and_addresses__hold_from_then_on(self):
        node = self.node().start()
        first = self.client(node.port())
        first.call(WRITE, "c", "k", b"v", [])
        self.change(node, "limits.connections: taken over", "advertise: taken over",
                    more="limits: {{connections: 2}}\nadvertise: ['203.0.113.7:10053']")
        second = self.client(node.port())
        self.assertEqual(second.call(READ, "c", "k"), [b"v"])
        third = self.client(node.port())
        third.send(READ, "c", "k")
        self.assertIsNone(third.receive(), "turned away")
        self.assertEqual(first.call(READ, "c", "k"), [b"v"], "who is there stays")
        second.close()

        def advertised():
            return self.client(node.locator_port()).call(RESOLVE, "locator")[0]
        self.assertEqual([list(one) for one in wait(lambda: self.tried(advertised), "room", PATIENCE)], [[b"203.0.113.7", 10053]])

    @staticmethod
    def tried(what):
        try:
            return what()
        except (RuntimeError, OSError):
            return None

    def test_calls_over_http__hold_from_then_on(self):
        node = self.node().start()
        self.assertEqual(node.http("/v1/storage/write", '["c", "k", "dg=="]', JSON)[0], 200)
        self.change(node, "http.calls: taken over", http=", calls: nobody")
        self.assertEqual(node.http("/v1/storage/read", '["c", "k"]', JSON)[0], 403)
        self.change(node, "http.body: taken over", http=", body: 4 KiB")
        self.assertEqual(node.http("/v1/storage/read", '["c", "k"]', JSON)[0], 200)
        large = '["c", "k", "' + "A" * 8_000 + '"]'
        self.assertEqual(node.http("/v1/storage/write", large, JSON)[0], 413)

    def test_total_of_a_storage__is_refused_with_28_and_more_is_allowed_by_hangup(self):
        small = "services:\n  - {name: storage, type: storage, args: {backend: %s, total_max: %s}}\n"
        for backend in ("files", "sqlite"):
            with self.subTest(backend):
                node = self.node(small % (backend, "1 MiB")).start()
                storage = self.client(node.port())
                storage.call(WRITE, "c", "old", b"x" * 300_000, ["t"])
                with self.assertRaisesRegex(RuntimeError, rf"\[12, {NO_SPACE}\]"):
                    storage.call(WRITE, "c", "new", b"y" * 900_000, [])
                self.assertEqual(storage.call(READ, "c", "old"), [b"x" * 300_000])
                self.assertGreater(node.metric('sonm_storage_bytes{service="storage"}'), 300_000)
                self.change(node, "service storage: new arguments taken over", services=small % (backend, "8 MiB"))
                storage.call(WRITE, "c", "new", b"y" * 900_000, [])
                node.signal(signal.SIGKILL).ended()
                node.start()
                self.assertGreater(node.metric('sonm_storage_bytes{service="storage"}'), 1_200_000, "counted again")
                self.assertEqual(node.metric('sonm_storage_bytes_max{service="storage"}'), 8 << 20)
                node.stop()

    def test_time__is_not_before_what_a_killed_life_has_told(self):
        node = self.node("services:\n  - {name: time, type: time}\n").start()
        clock = self.client(node.port("time"))
        told = max(clock.call(NOW)[0][0] for _ in range(100))
        mark = node.state / "services" / "time" / "mark"
        self.assertGreaterEqual(int(mark.read_text()), told)
        node.signal(signal.SIGKILL).ended()
        # As if the clock had been an hour ahead in that life.
        ahead = told + 3_600_000_000
        mark.write_text(f"{ahead}\n")
        node.start()
        reading = self.client(node.port("time")).call(NOW)[0]
        self.assertGreaterEqual(reading[0], ahead)
        self.assertGreater(reading[1], 3_500_000_000, "and says how wrong that is")
        self.assertLess(reading[0], ahead + 60_000_000 * SLOWNESS)


if __name__ == "__main__":
    unittest.main(verbosity=2)
