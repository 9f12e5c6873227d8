"""Nodes that serve only who proves an account: what they say to each other, what their applications reach, and who is turned
away."""
import json
import shutil
import tempfile
import unittest
from pathlib import Path

from app_support import ROOT, archive, asyncio, packed
from node_support import PATIENCE, Client, Node, Refused, free_ports, msgpack, need_node, time, wait

INTERVAL = 1
RESOLVE, CLUSTER, ATTACH = 0, 3, 65
READ, WRITE = 0, 1
GET, PUT, STATS = 0, 1, 6
PROOF_MISSING = [b"this node serves only who proves an account first"]
HEAD = """\
name: {name}
state: {{state}}
key: {key}
network: {{folder}}/network.json
identity_required: {required}
listen: ['127.0.0.1:{port}', 'unix:{{folder}}/public']
http: {{{{listen: '127.0.0.1:0'}}}}
drain: 1 s
locator:
  uuid: {name}
  interval: {interval} s
  peers: {{{{{peers}}}}}
"""
CACHE = f"  - {{name: cache, type: cache, args: {{place: cluster, refresh: {INTERVAL} s}}}}\n"
TIME = f"  - {{name: time, type: time, args: {{interval: {INTERVAL} s}}}}\n"
STORAGE = "  - {name: storage, type: storage}\n"
APPS = "  - {name: node, type: apphost}\n"
# A private chain that nobody runs: what is known of it makes its well-known development keys usable.
NETWORK = {"name": "private", "chain_id": 31337, "rpc_url": "http://127.0.0.1:1", "start_block": 0, "depth": 0, "poll_ms": 1000}
CONTRACTS = ("snm", "market", "terms", "profiles", "blacklist", "oracle")


def setUpModule():
    need_node()


def proving_node(name, services, port=0, peers="", key="dev:1", required=True):
    text = HEAD.format(name=name, key=key or "", port=port, interval=INTERVAL, peers=peers, required=str(required).lower())
    if key is None:
        text = text.replace("key: \n", "")
    node = Node("services:\n" + services, text)
    contracts = {name: f"0x{number:040x}" for number, name in enumerate(CONTRACTS, 1)}
    (node.folder / "network.json").write_text(json.dumps({**NETWORK, "contracts": contracts}))
    return node


class Proving(unittest.TestCase):
    def node(self, *what):
        node = proving_node(*what)
        self.addCleanup(node.clean)
        return node

    def pair(self, services, keys=("dev:1", "dev:2"), required=(True, True)):
        """Two nodes with each other as peers: `services` of each."""
        names, ports = ("first", "second"), free_ports(2)
        made = []
        for i in range(2):
            other = f"{names[1 - i]}: '127.0.0.1:{ports[1 - i]}'"
            made.append(self.node(names[i], services[i], ports[i], other, keys[i], required[i]))
        return [node.start() for node in made]

    def unix(self, node, name=None):
        """At the service of that name."""
        client = self.client(node.folder / "public")
        if name:
            client.call(ATTACH, name)
        return client

    def client(self, where):
        client = Client(where)
        self.addCleanup(client.close)
        return client

    def sonm(self, node, *words, key="dev:3", prove=True):
        """A command that asks the node over TCP."""
        proof = ("--key", key, "--network", node.folder / "network.json") if prove else ()
        return node.sonm(*proof, *words, *(["--prove"] if prove else []), "--node", f"127.0.0.1:{node.locator_port()}")

    def linked(self, *nodes):
        for node in nodes:
            wait(lambda node=node: node.metric("sonm_locator_peers_linked") == 1, "the link", PATIENCE, node.log)


class Cluster(Proving):
    def test_nodes_that_want_proofs_share_a_cache_and_the_time(self):
        for keys in (("dev:1", "dev:2"), ("dev:1", "dev:1")):
            with self.subTest(keys):
                nodes = self.pair([CACHE + TIME] * 2, keys)
                self.linked(*nodes)
                for node in nodes:
                    wait(lambda node=node: node.metric('sonm_cache_members{service="cache"}') == 2, "two members", PATIENCE, node.log)
                    wait(lambda node=node: node.metric('sonm_time_sources{service="time"}') == 2, "two clocks", PATIENCE, node.log)
                    wait(lambda node=node: node.metric('sonm_time_agreed{service="time"}') == 1, "agreement", PATIENCE, node.log)
                    self.assertNotIn("is not linked", node.log())
                caches = [self.unix(node, "cache") for node in nodes]
                for number in range(40):
                    caches[number % 2].call(PUT, f"key-{number}", b"value")
                for cache in caches:
                    self.assertTrue(all(cache.call(GET, f"key-{number}") == [True, b"value"] for number in range(40)))
                self.assertTrue(all(cache.call(STATS)[0][0] > 0 for cache in caches), "each node keeps some")

    def test_a_node_links_to_one_that_wants_a_proof_and_to_one_that_cannot_give_any(self):
        """The second has no key, so it is not linked to the first, and says so once; the first links to it."""
        first, second = self.pair([CACHE] * 2, ("dev:1", None), (True, False))
        self.linked(first)
        second.said("locator: node first is not linked: .*proves an account first")
        time.sleep(3 * INTERVAL)
        self.assertEqual(second.log().count("is not linked"), 1, second.log())
        self.assertEqual(second.metric("sonm_locator_peers_linked"), 0)
        self.assertNotIn("is not linked", first.log())

    def test_an_application_comes_from_another_nodes_storage(self):
        runner, keeper = self.pair([APPS, STORAGE])
        self.linked(runner, keeper)
        storage = self.unix(keeper, "storage")
        storage.call(WRITE, "apps", "far", packed(archive(("worker.py", ROOT / "tests/system/app/raw_worker.py"))), ["app"])
        storage.call(WRITE, "manifests", "far", packed({"slave": "./worker.py"}), ["app"])
        storage.call(WRITE, "profiles", "far", packed({}), ["profile"])
        self.unix(runner, "node").call(0, "far", "far")
        app = self.unix(runner, "far")
        app.send(0, "echo")
        for kind, arguments in ((0, [b"hello"]), (2, [])):
            app.socket.sendall(msgpack.packb([app.channel, kind, arguments], use_bin_type=False))
        self.assertEqual(app.receive()[1:3], [0, [b"hello"]])


class OneNode(Proving):
    def started(self, services=STORAGE + APPS):
        return self.node("alone", services).start()

    def test_a_stranger_is_turned_away_on_every_port_and_a_proven_one_is_served(self):
        node = self.started(STORAGE)
        for port in (node.locator_port(), node.port("storage")):
            for message in ((RESOLVE, ["storage"]), (CLUSTER, []), (ATTACH, ["storage"]), (READ, ["collection", "key"])):
                with self.subTest(f"{port} {message}"):
                    client = self.client(port)
                    client.send(message[0], *message[1])
                    answer = client.receive()
                    self.assertEqual(answer[1], 1, answer)
                    self.assertEqual(answer[2][1:], PROOF_MISSING)
                    self.assertIsNone(client.receive(), "and the connection ends")
        code, text = self.sonm(node, "call", "storage", "read", '["c", "k"]', prove=False)
        self.assertNotEqual(code, 0)
        self.assertIn("--prove", text)
        self.assertEqual(self.sonm(node, "call", "storage", "write", '["c", "k", "dmFsdWU=", []]')[0], 0)
        code, text = self.sonm(node, "call", "storage", "read", '["c", "k"]')
        self.assertEqual(code, 0, text)

    def test_over_a_unix_socket_one_is_served_as_nobody(self):
        node = self.started(STORAGE)
        storage = self.unix(node, "storage")
        storage.call(WRITE, "open", "key", b"anybody's", [])
        self.assertEqual(storage.call(READ, "open", "key"), [b"anybody's"])
        # The first that is known owns what he writes.
        self.assertEqual(self.sonm(node, "call", "storage", "write", '["private", "key", "dmFsdWU=", []]')[0], 0)
        for what in ((READ, "private", "key"), (WRITE, "private", "key", b"mine now", []),
                     (WRITE, ".collection-acls", "private", msgpack.packb([{}, {}, {}]), [])):
            with self.subTest(what), self.assertRaises(Refused):
                self.unix(node, "storage").call(*what)
        self.assertEqual(self.sonm(node, "call", "storage", "read", '["private", "key"]')[0], 0)

    def test_an_app_worker_reaches_the_storage_and_can_only_read_there(self):
        node = self.started()
        folder = Path(tempfile.mkdtemp(prefix="sonm-app-")) / "length"
        self.addCleanup(shutil.rmtree, folder.parent)
        folder.mkdir()
        (folder / "manifest.json").write_text(json.dumps({"slave": "./worker"}))
        shutil.copytree(ROOT / "sdk/python/sonm", folder / "sonm", ignore=shutil.ignore_patterns("__pycache__"))
        program = (ROOT / "examples/calculate-length/python/worker.py").read_text()
        (folder / "worker").write_text(program.replace("worker.run()", WRITES + "worker.run()"))
        (folder / "worker").chmod(0o755)
        # With the node's own account, to which its run list belongs.
        for words in (("app", "upload", folder), ("app", "start", "length")):
            code, text = self.sonm(node, *words, key="dev:1")
            self.assertEqual(code, 0, text)
        self.unix(node, "storage").call(WRITE, "collection", "key", b"x" * 1234, [])
        code, text = self.sonm(node, "app", "call", "length", "calculate-length", "key", key="dev:1")
        self.assertEqual((code, text.strip()), (0, "1234"))
        code, text = self.sonm(node, "app", "call", "length", "overwrite", key="dev:1")
        self.assertEqual(code, 0, text)
        self.assertIn("can only read", text)
        self.assertEqual(self.sonm(node, "app", "ls", key="dev:1")[0], 0)
        code, text = self.sonm(node, "app", "ls", prove=False)
        self.assertNotEqual(code, 0)
        self.assertIn("--prove", text)

    def test_the_sdk_comes_in_by_the_unix_socket(self):
        import sonm
        node = self.started(STORAGE)

        async def write_and_read():
            async with sonm.Node(f"unix:{node.folder}/public", timeout=PATIENCE) as client:
                storage = client.service("storage")
                await storage.write("c", "k", b"value", [])
                return await storage.read("c", "k")
        self.assertEqual(asyncio.run(write_and_read()), b"value")


WRITES = '''
@worker.on("overwrite")
async def overwrite(request, response):
    try:
        await storage.write("collection", "key", b"", [])
        await response.write("written")
    except sonm.ServiceError as error:
        await response.write(str(error))


'''


class Check(unittest.TestCase):
    def test_a_key_that_cannot_be_opened_is_said_before_the_start(self):
        node = Node("services: []\n", "state: {state}\nkey: dev:1\nnetwork: {folder}/none.json\n")
        self.addCleanup(node.clean)
        code, text = node.sonm("node", "--config", node.config, "--check")
        self.assertNotEqual(code, 0, text)
        self.assertIn("key dev:1", text)
        self.assertEqual(node.sonm("node", "--config", node.config)[0], code, "as the start ends")


class NoStorage(Proving):
    def test_a_cluster_without_a_storage_says_nothing_about_routing_groups(self):
        nodes = self.pair([TIME] * 2, (None, None), (False, False))
        self.linked(*nodes)
        for node in nodes:
            code, text = node.sonm("node", "reload", "--socket", node.state / "node.sock")
            self.assertEqual(code, 0, text)
            node.signal(1)
        time.sleep(2 * INTERVAL)
        for node in nodes:
            self.assertNotIn("outing groups", node.log())


if __name__ == "__main__":
    from support import main
    main()
