"""Services as a client in any language sees them: what their graphs say, and frames."""
import shutil
import subprocess
import unittest

from app_support import ROOT
from node_support import PATIENCE, Client, Refused

# As a late core of the old framework sends them: what nobody traces.
NO_TRACE = [[False, b"trace_id", bytes(8)], [False, b"span_id", bytes(8)], [False, b"parent_id", bytes(8)]]


class Service:
    """A session with one service: its methods by the names of its graph, which also says what each message means."""

    def __init__(self, port, graph, called, headers):
        self.client = Client(port, headers)
        self.graph = {graph[number][0].decode(): (number, graph[number][1], graph[number][2]) for number in graph}
        self.called = called

    def open(self, method, *arguments):
        self.called.add(method)
        number, tx, rx = self.graph[method]
        return Channel(self.client, self.client.send(number, *arguments), tx, rx)

    def tell(self, method, *arguments):
        self.open(method, *arguments)

    def call(self, method, *arguments):
        """What the one answer holds: alone if it is one thing."""
        word, answer = self.open(method, *arguments).hear()
        if word != "value":
            raise Refused([0, 1, answer])
        return answer[0] if len(answer) == 1 else answer

    def error(self, method, *arguments):
        word, answer = self.open(method, *arguments).hear()
        assert word == "error", (word, answer)
        return tuple(answer[0])


class Channel:
    """Names for numbers, in the states that the graph declares for each side."""

    def __init__(self, client, number, tx, rx):
        self.client, self.number, self.tx, self.rx = client, number, tx, rx

    def say(self, word, *arguments):
        kind, (_, after) = next((kind, slot) for kind, slot in self.tx.items() if slot[0] == word.encode())
        self.client.say(self.number, kind, *arguments)
        self.tx = self.tx if after is None else after

    def hear(self):
        kind, arguments = self.client.hear(self.number)
        word, after = self.rx[kind]
        self.rx = self.rx if after is None else after
        return word.decode(), arguments

    def item(self):
        word, arguments = self.hear()
        assert word == "write", (word, arguments)
        return arguments[0] if len(arguments) == 1 else arguments

    def items(self):
        """All to the proper end."""
        out = []
        while True:
            word, arguments = self.hear()
            if word == "close":
                return out
            assert word == "write", (word, arguments)
            out.append(arguments[0] if len(arguments) == 1 else arguments)


class Cases(unittest.TestCase):
    """A class below has the node."""
    maxDiff = None

    def service(self, name, called, headers=None):
        locator = Client(self.node.locator_port(), headers)
        self.addCleanup(locator.close)
        endpoints, _, graph = locator.call(0, name)
        service = Service(endpoints[0][1], graph, called, headers)
        self.addCleanup(service.client.close)
        return service

    def each(self, name, body):
        """`body(service, tag)` with frames of three and of four elements; afterwards each method has been called."""
        for tag, headers in (("three", None), ("four", NO_TRACE)):
            with self.subTest(frames=tag):
                called = set()
                service = self.service(name, called, headers)
                body(service, tag)
                self.assertEqual(called, set(service.graph), f"methods of {name}")

    def in_javascript(self, *flags):
        """How many services that client has found good."""
        if not shutil.which("node") or not (ROOT / "tests/npm/node_modules/msgpack-lite").exists():
            self.skipTest("no Node.js with msgpack-lite: npm ci in tests/npm")
        done = subprocess.run(["node", ROOT / "tests/clients/node/services.js", "--locator", f"127.0.0.1:{self.node.locator_port()}", *flags],
                              capture_output=True, text=True, timeout=2 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + self.node.log()[-2000:])
        return done.stdout.count(" ok\n")
