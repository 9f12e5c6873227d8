"""Several nodes as processes, linked by configuration: a cache spread over them, services without ports of their own, routing
groups in another node's storage. And one of them is killed."""
import socket
import threading
import unittest

from app_support import ROOT, archive, asyncio, packed
from node_support import PATIENCE, Client, Node, free_ports, msgpack, need_node, signal, time, wait
from support import SLOWNESS

INTERVAL = 1
SILENCE = 3 * INTERVAL
# A busy machine, and programs built with sanitizers.
SLACK = 2 * SLOWNESS
RESOLVE, REFRESH, CLUSTER, PUBLISH = 0, 2, 3, 4
GET, PUT, STATS = 0, 1, 6
WRITE, START_APP = 1, 0
HEAD = """\
name: {name}
state: {{state}}
listen: ['127.0.0.1:{port}']
ports: {ports}
http: {{{{listen: '127.0.0.1:0'}}}}
drain: 1 s
locator:
  uuid: {name}
  interval: {interval} s
  peers: {{{{{peers}}}}}
"""
CACHE = f"services:\n  - {{name: cache, type: cache, args: {{place: cluster, refresh: {INTERVAL} s}}}}\n"


def setUpModule():
    need_node()


class OldStorage:
    """A storage as nodes of 2015 serve it: it speaks its protocol at once, and closes on what is no method of it. It is empty."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.asked = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                threading.Thread(target=self.serve, args=(self.server.accept()[0],), daemon=True).start()
            except OSError:
                return

    def serve(self, connection):
        unpacker = msgpack.Unpacker(raw=False)
        with connection:
            while got := connection.recv(65536):
                unpacker.feed(got)
                for channel, kind, _ in unpacker:
                    self.asked.append(kind)
                    if kind > 3:
                        return
                    connection.sendall(msgpack.packb([channel, 0, [[]]]))

    def close(self):
        self.server.close()


class Cluster(unittest.TestCase):
    def nodes(self, services, ports=None):
        """One node for each entry: name -> its services. `ports`: of those whose services have none, "none"."""
        where = dict(zip(services, free_ports(len(services))))
        made = []
        for name, text in services.items():
            peers = ", ".join(f"{other}: '127.0.0.1:{port}'" for other, port in where.items() if other != name)
            head = HEAD.format(name=name, port=where[name], ports=(ports or {}).get(name, 0), interval=INTERVAL, peers=peers)
            node = Node(text, head)
            self.addCleanup(node.clean)
            made.append(node.start())
        return made

    def client(self, port):
        client = Client(port)
        self.addCleanup(client.close)
        return client

    def service(self, node, name):
        """As clients reach it: by resolve at that node."""
        endpoints = self.client(node.locator_port()).call(RESOLVE, name)[0]
        return self.client(endpoints[0][1])

    def linked(self, node, count):
        def all_there():
            known = self.client(node.locator_port()).call(CLUSTER)[0]
            return sum(port != 0 for _, port in known.values()) == count == node.metric("sonm_locator_peers_linked")
        wait(all_there, f"{count} links", PATIENCE, node.log)

    def test_keys_of_a_cache_are_spread_and_a_killed_node_takes_its_share_and_nothing_else(self):
        nodes = self.nodes({"first": CACHE, "second": CACHE, "third": CACHE})
        members = 'sonm_cache_members{service="cache"}'
        for node in nodes:
            wait(lambda node=node: node.metric(members) == 3, "three members", PATIENCE, node.log)
        caches = [self.client(node.port("cache")) for node in nodes]
        keys = [f"key-{number}" for number in range(300)]
        for number, key in enumerate(keys):
            caches[number % 3].call(PUT, key, key.encode())
        for cache in caches:
            self.assertTrue(all(cache.call(GET, key) == [True, key.encode()] for key in keys), "each node answers for every key")
        shares = [cache.call(STATS)[0][0] for cache in caches]
        self.assertEqual(sum(shares), len(keys), "each key is on one node")
        self.assertGreater(min(shares), len(keys) // 10, shares)

        nodes[2].signal(signal.SIGKILL).ended()
        began = time.monotonic()
        # While the others still count on it: its keys are not there, and nobody waits long.
        self.assertGreaterEqual(sum(caches[0].call(GET, key)[0] for key in keys), shares[0] + shares[1])
        for node in nodes[:2]:
            wait(lambda node=node: node.metric(members) == 2, "two members", PATIENCE, node.log)
        self.assertLess(time.monotonic() - began, SILENCE + INTERVAL + SLACK, "dropped, and noticed at the next look")
        self.assertEqual(sum(caches[0].call(GET, key)[0] for key in keys), shares[0] + shares[1], "what the others have stays")
        for key in keys:
            caches[1].call(PUT, key, b"anew")
        self.assertTrue(all(caches[0].call(GET, key) == [True, b"anew"] for key in keys), "all keys have a place again")

        nodes[2].start()
        for node in nodes:
            wait(lambda node=node: node.metric(members) == 3, "three members again", PATIENCE, node.log)
        caches[2] = self.client(nodes[2].port("cache"))
        for key in keys:
            caches[2].call(PUT, key, b"third time")
        self.assertTrue(all(cache.call(GET, key) == [True, b"third time"] for cache in caches for key in keys))

    def test_a_node_that_vanishes_is_dropped_with_its_services_within_three_intervals(self):
        storage = "services:\n  - {name: storage, type: storage}\n"
        asker, victim = self.nodes({"asker": "services:\n  - {name: time, type: time}\n", "victim": storage})
        self.linked(asker, 1)
        self.assertTrue(self.client(asker.locator_port()).call(RESOLVE, "storage")[0])
        for vanish in (signal.SIGSTOP, signal.SIGKILL):
            self.linked(asker, 1)
            victim.signal(vanish)
            began = time.monotonic()
            wait(lambda: not self.offers(asker, "storage"), "the service to be gone", PATIENCE, asker.log)
            self.assertLess(time.monotonic() - began, SILENCE + SLACK)
            victim.signal(signal.SIGCONT)

    def offers(self, node, name):
        try:
            return self.client(node.locator_port()).call(RESOLVE, name)[0]
        except RuntimeError:
            return []

    def test_services_without_ports_and_routing_groups_serve_another_node(self):
        """`keeper` has the storage, and no port for it; `runner` has none, and runs an application that is stored there."""
        runner, keeper = self.nodes({"runner": "services:\n  - {name: node, type: apphost}\n",
                                     "keeper": "services:\n  - {name: storage, type: storage}\n"}, {"keeper": "none"})
        self.linked(runner, 1)
        storage = self.client(keeper.locator_port())
        storage.call(65, "storage")
        storage.call(WRITE, "apps", "far", packed(archive(("worker.py", ROOT / "tests/system/app/raw_worker.py"))), ["app"])
        storage.call(WRITE, "manifests", "far", packed({"slave": "./worker.py"}), ["app"])
        storage.call(WRITE, "profiles", "far", packed({}), ["profile"])
        storage.call(WRITE, "groups", "near", msgpack.packb({"far": 1}, use_bin_type=False), ["group", "active"])
        self.client(runner.port("node")).call(START_APP, "far", "far")
        # Read from the other node's storage: a group's name leads to its application.
        self.client(runner.locator_port()).call(REFRESH, [])
        app = self.service(runner, "near")
        app.send(0, "echo")
        for kind, arguments in ((0, [b"hello"]), (2, [])):
            app.socket.sendall(msgpack.packb([app.channel, kind, arguments], use_bin_type=False))
        self.assertEqual(app.receive()[1:3], [0, [b"hello"]])

    def test_a_routing_groups_name_leads_a_service_to_a_members_own_port(self):
        """`runner` keeps its applications in what it calls `box`: a group, of which the other node's storage is a member."""
        runner, keeper = self.nodes({"runner": "services:\n  - {name: node, type: apphost, args: {storage: box}}\n",
                                     "keeper": "services:\n  - {name: storage, type: storage}\n"})
        self.linked(runner, 1)
        storage = self.client(keeper.port("storage"))
        storage.call(WRITE, "groups", "box", msgpack.packb({"storage": 1}, use_bin_type=False), ["group", "active"])
        storage.call(WRITE, "apps", "boxed", packed(archive(("worker.py", ROOT / "tests/system/app/raw_worker.py"))), ["app"])
        storage.call(WRITE, "manifests", "boxed", packed({"slave": "./worker.py"}), ["app"])
        storage.call(WRITE, "profiles", "boxed", packed({}), ["profile"])
        self.client(runner.locator_port()).call(REFRESH, [])
        self.client(runner.port("node")).call(START_APP, "boxed", "boxed")

    def test_a_service_on_a_node_of_old_that_knows_no_names_is_reached_all_the_same(self):
        old = OldStorage()
        self.addCleanup(old.close)
        asker = self.nodes({"asker": "services: []\n", "other": "services: []\n"})[0]
        publisher = self.client(asker.locator_port())
        publisher.call(PUBLISH, "storage", [["127.0.0.1", old.port]])
        self.client(asker.locator_port()).call(REFRESH, [])  # reads routing groups from whoever is the storage
        self.assertEqual(old.asked, [65, 65, 3], "asked by name, for a locator, then at once")

    def test_a_service_without_a_port_is_reached_by_the_sdk_over_tcp_and_a_unix_socket(self):
        import sonm
        head = "state: {state}\nlisten: ['127.0.0.1:0', 'unix:{folder}/public']\nports: none\n"
        node = Node(head=head)
        self.addCleanup(node.clean)
        node.start()

        async def write_and_read(address):
            async with sonm.Node(address, timeout=PATIENCE) as client:
                storage = client.service("storage")
                await storage.write("c", "k", b"value", [])
                return await storage.read("c", "k")
        for address in (f"127.0.0.1:{node.locator_port()}", f"unix:{node.folder}/public"):
            with self.subTest(address):
                self.assertEqual(asyncio.run(write_and_read(address)), b"value")


if __name__ == "__main__":
    from support import main
    main()
