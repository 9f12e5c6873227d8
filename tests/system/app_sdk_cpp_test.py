"""The C++ SDK against a real node: its client enqueues, is told errors for what they are, and finds its services again when the node
was killed; its worker answers in pieces, fails, breaks and dies. Both are tests/sdk_cpp/probe.cpp."""
import os
import signal
import socket
import socketserver
import subprocess
import threading
import unittest

from app_support import PATIENCE, SERVICES, AppCase, archive, packed
from node_support import HEAD, SONM, Node, need_node

PROBE = SONM.resolve().parents[1] / "tests/sonm_sdk_cpp_probe"


class Probe:
    """One client process, which keeps its connections."""

    def __init__(self, locator):
        env = {key: value for key, value in os.environ.items() if key != "SONM_NODE"}
        self.process = subprocess.Popen([PROBE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**env, "SONM_NODE": locator})

    def tell(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()

    def answer(self):
        timer = threading.Timer(PATIENCE, self.process.kill)
        timer.start()
        line = self.process.stdout.readline().rstrip("\n")
        timer.cancel()
        return line

    def ask(self, *words):
        self.tell(*words)
        return self.answer()

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(PATIENCE)


class Port(socketserver.ThreadingTCPServer):
    """Answers each frame with what `answer` says of it: (message, arguments), or None, which ends the connection."""
    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), None)
        self.answer, self.address = answer, "%s:%d" % self.server_address
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        from sonm.wire import FrameReader, pack_frame
        frames = FrameReader()
        while data := request.recv(1 << 16):
            for frame in frames.feed(data):
                if (said := self.answer(frame)) is None:
                    return
                request.sendall(pack_frame(frame.channel, *said))


class Sdk(AppCase):
    @classmethod
    def setUpClass(cls):
        need_node()
        if not PROBE.exists() and "SONM_BINARY" not in os.environ:
            raise unittest.SkipTest(f"{PROBE} is not built")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            cls.port = free.getsockname()[1]
        # A port that is the same after a restart, for who has nothing but the address.
        cls.node = Node(SERVICES % "", head=HEAD.replace("127.0.0.1:0'", f"127.0.0.1:{cls.port}'", 1)).start()

    def setUp(self):
        self.locator = f"127.0.0.1:{self.port}"
        self.probe = self.client(self.locator)
        self.run_with(self.started)

    def client(self, locator):
        probe = Probe(locator)
        self.addCleanup(probe.end)
        return probe

    async def started(self, apps):
        if b"sdk" in await apps.apps.list():
            return
        await apps.storage.write("collection", "key", b"kept", [])
        await self.serve(apps, "sdk")

    async def serve(self, apps, name, **profile):
        await apps.storage.write("apps", name, packed(archive(("probe", PROBE))), ["app"])
        await apps.storage.write("manifests", name, packed({"slave": "./probe"}), ["app"])
        await apps.storage.write("profiles", name, packed({"pool-limit": 1, "spawn-timeout": 10, "handshake-timeout": 10, **profile}), ["profile"])
        await apps.apps.start_app(name, name)

    def test_enqueue_gives_the_whole_answer_however_many_chunks_it_came_in(self):
        self.assertEqual(self.probe.ask("enqueue sdk echo hello there"), "ok hello there")
        self.assertEqual(self.probe.ask("enqueue sdk pieces"), "ok piece 0;piece 1;piece 2;")
        large = "x" * 600_000  # more than may be under way unread
        self.assertEqual(self.probe.ask("enqueue sdk echo", large), "ok " + large)

    def test_typed_calls_of_a_client_and_of_a_worker_reach_the_storage(self):
        self.assertEqual(self.probe.ask("read collection key"), "ok kept")
        self.assertEqual(self.probe.ask("enqueue sdk storage key"), "ok kept")

    def test_errors_keep_their_category_code_and_sentence(self):
        for event, error in [("refuse", "remote 42 not on a Sunday"), ("known", "sonm 11 it is so already"),
                             ("broken", "remote 100 out of order"), ("unheard-of", "remote 200 no handler for event 'unheard-of'"),
                             ("storage none", "generic 2 ")]:
            with self.subTest(event):
                self.assertIn(f"error {error}", self.probe.ask("enqueue sdk", event))
        self.assertRegex(self.probe.ask("enqueue nobody echo x"), "^error rpc.locator 1 service nobody")
        self.assertRegex(self.probe.ask("read collection none"), "^error generic 2 ")
        self.assertRegex(self.client("127.0.0.1:1").ask("read collection key"), "^error sonm [0-9]+ service storage")
        self.assertEqual(self.probe.ask("enqueue sdk echo", "still here"), "ok still here")

    def test_a_worker_that_reads_its_request_late_does_not_take_the_node_for_dead_nor_the_node_it(self):
        async def impatient(apps):
            await self.serve(apps, "impatient", **{"heartbeat-timeout": 12})  # a beat, then more than that without one while it is held up
        self.run_with(impatient)
        large = "x" * 600_000  # more than may be under way unread: the answer to a heartbeat waits behind it
        self.assertEqual(self.probe.ask("enqueue impatient late", large), "ok " + large)

    def test_a_service_is_asked_for_by_name_wherever_it_is_and_without_where_it_is_alone(self):
        value, gone = (0, (b"alone",)), (1, ([10, 1], "service is not available"))

        def alone(attach):
            return lambda frame: attach if frame.type == 65 else value

        ports = [Port(alone(None)), Port(alone((1, ([7, 5], "no such method")))), Port(alone(gone)), Port(alone((1, ([9, 1], "prove it"))))]
        for place, answer in [(self.locator, "ok kept"), *[(port.address, "ok alone") for port in ports[:3]], (ports[3].address, "error rpc.security 1 ")]:
            with self.subTest(place, answer=answer):
                host, _, port = place.rpartition(":")
                locator = Port(lambda _: (0, ([[host, int(port)]], 1, {})))  # noqa: B023
                ports.append(locator)
                self.assertIn(answer, self.client(locator.address).ask("read collection key"))
        for one in ports:
            one.shutdown()
            one.server_close()

    def test_a_service_that_another_node_does_not_have_is_not_looked_for_among_the_methods_of_its_locator(self):
        host, _, port = self.locator.rpartition(":")
        locator = Port(lambda _: (0, ([[host, int(port)]], 1, {})))
        self.assertRegex(self.client(locator.address).ask("enqueue nobody storage"), "^error rpc.locator 1 service nobody")
        locator.shutdown()
        locator.server_close()

    def test_a_worker_that_dies_fails_its_call_and_the_next_one_is_served(self):
        self.assertRegex(self.probe.ask("enqueue sdk exit"), "^error system 104 slave has been discarded")
        self.assertEqual(self.probe.ask("enqueue sdk echo next"), "ok next")

    def test_a_client_finds_its_services_again_when_the_node_was_killed(self):
        for locator in (self.locator, f"unix:{self.node.folder}/public"):
            with self.subTest(locator):
                probe = self.client(locator)
                self.assertEqual(probe.ask("enqueue sdk echo before"), "ok before")
                self.assertEqual(probe.ask("read collection key"), "ok kept")
                probe.tell("enqueue sdk hang")
                self.run_with(self.hangs)
                self.node.signal(signal.SIGKILL).ended()
                self.assertRegex(probe.answer(), "^error sonm ")
                self.assertRegex(probe.ask("read collection key"), "^error sonm [0-9]+ service storage")
                self.node.start()
                self.run_with(self.runs)
                self.assertEqual(probe.ask("read collection key"), "ok kept")
                self.assertEqual(probe.ask("enqueue sdk echo after"), "ok after")

    async def hangs(self, apps):
        async def running():
            return (await apps.info("sdk"))[b"load"] == 1
        await apps.until(running, "the call at its worker")

    async def runs(self, apps):
        async def listed():
            return b"sdk" in await apps.apps.list()
        await apps.until(listed, "the runlist")


if __name__ == "__main__":
    from support import main
    main()
