#!/usr/bin/env python3
"""`sonm node` as its operator and its clients meet it: start, serve, reload, drain, die, and what can be wrong."""
import json
import signal
import socket
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from node_support import HEAD, PATIENCE, STORAGE, Client, Node, need_node, os, sends_ready, time, wait  # noqa: E402
from support import OK, OUT_OF_REACH, USAGE, main  # noqa: E402

READ, WRITE, REMOVE, FIND = 0, 1, 2, 3
RESOLVE = 0


def setUpModule():
    need_node()


class NodeTest(unittest.TestCase):
    maxDiff = None

    def node(self, *arguments, **options):
        node = Node(*arguments, **options)
        self.addCleanup(node.clean)
        return node

    def client(self, port):
        client = Client(port)
        self.addCleanup(client.close)
        return client

    def refused(self, node, code, *texts):
        """It ends at once with that exit code and says why."""
        node.launch()
        self.assertEqual(node.ended(), code, node.log())
        for text in texts:
            self.assertRegex(node.log(), text)

    # ---- serving

    def test_service__is_found_through_the_locator_and_serves_a_client_without_our_code(self):
        node = self.node().start()
        endpoints, version, graph = self.client(node.locator_port()).call(RESOLVE, "storage")
        self.assertEqual(version, 1)
        self.assertIn([b"127.0.0.1", node.port()], endpoints)
        self.assertEqual(graph[WRITE][0], b"write")
        storage = self.client(node.port())
        storage.call(WRITE, "c", "k", b"value", ["tag"])
        self.assertEqual(storage.call(READ, "c", "k"), [b"value"])
        self.assertEqual(storage.call(FIND, "c", ["tag"]), [[b"k"]])
        with self.assertRaises(RuntimeError):
            storage.call(READ, "c", "absent")

    def test_all_services_of_the_platform__live_in_one_node(self):
        types = ("storage", "logging", "cache", "time", "fetch", "notifications", "unicorn", "apphost")
        node = self.node("services:\n" + "".join(f"  - {{name: {one}, type: {one}}}\n" for one in types)).start()
        self.assertEqual([(one["name"], one["state"]) for one in node.info["services"]], [(one, "running") for one in types])
        self.assertEqual(node.http("/readyz")[0], 200)
        for one in types:
            self.assertGreater(len(self.client(node.locator_port()).call(RESOLVE, one)[2]), 0, one)
        node.signal(signal.SIGTERM)
        self.assertEqual(node.ended(), OK, node.log())

    def test_status_health_and_metrics__tell_what_is_served(self):
        node = self.node().start()
        client = self.client(node.port())
        client.call(WRITE, "c", "k", b"v", [])
        self.assertEqual(node.status()["services"][0]["sessions"], 1)
        for path in ("/healthz", "/readyz"):
            status, headers, text = node.http(path)
            self.assertEqual((status, json.loads(text)["status"]), (200, "ok"))
        self.assertEqual(node.metric('sonm_node_service_up{service="storage",type="storage"}'), 1)
        self.assertGreater(node.metric("process_resident_memory_bytes"), 1e6)
        self.assertEqual(node.http("/nothing")[0], 404)
        self.assertEqual(node.http("/metrics", body="x")[0], 405)

    def test_calls_in_json__over_http_and_from_the_command_line(self):
        node = self.node().start()
        self.client(node.port()).call(WRITE, "c", "k", b"v", ["tag"])
        as_json = {"Content-Type": "application/json"}
        status, headers, text = node.http("/v1/storage/find", body='{"collection": "c", "tags": ["tag"]}', headers=as_json)
        self.assertEqual((status, json.loads(text)), (200, ["k"]), text)
        self.assertEqual(node.http("/v1/storage/read", body='["c", "absent"]', headers=as_json)[0], 404)
        self.assertEqual(node.http("/v1/storage/find", body='["c", ["tag"]]', headers={**as_json, "Host": "evil.example"})[0], 403)
        where = ("--node", f"127.0.0.1:{node.locator_port()}")
        code, text = node.sonm("call", "storage", "find", '["c", ["tag"]]', *where)
        self.assertEqual((code, json.loads(text)), (OK, ["k"]), text)
        code, text = node.sonm("call", "storage", "fnid", "[]", *where)
        self.assertNotEqual(code, OK)
        self.assertIn("find", text)
        code, text = node.sonm("call", "nothing", "read", *where)
        self.assertNotEqual(code, OK, text)
        code, text = node.sonm("--json", "service", "ls", *where)
        self.assertEqual(code, OK, text)
        self.assertEqual([(one["name"], one["protocol"]) for one in json.loads(text)], [("storage", "storage")])

    def test_service_manager__is_told_when_the_node_is_ready(self):
        self.assertIn("READY=1", sends_ready(self.node()))

    def test_own_port__can_be_pinned_and_taken_from_a_range(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        node = self.node(f"services:\n  - {{name: storage, type: storage, listen: '127.0.0.1:{port}'}}\n").start()
        self.assertEqual(node.port(), port)

    # ---- changing and ending

    def test_hangup__takes_over_what_it_can_and_says_what_needs_a_restart(self):
        node = self.node().start()
        node.write(STORAGE, HEAD.replace("tested", "renamed").replace("3 s", "2 s") + "log_level: debug\n")
        node.signal(signal.SIGHUP).said("reload: name: needs a restart")
        node.said("reload: drain: taken over")
        node.said("reload: log_level: taken over")
        node.write("services:\n  - {name: storage, type: storrage}\n")
        node.signal(signal.SIGHUP).said(r"reload: .*node\.yaml:\d+: .*did you mean 'storage'")
        code, text = node.sonm("node", "reload", "--socket", node.state / "node.sock")
        self.assertEqual(code, USAGE, text)
        self.client(node.port()).call(WRITE, "c", "k", b"v", [])

    def test_terminated__idle_clients_are_let_go_and_the_exit_is_clean(self):
        node = self.node().start()
        client = self.client(node.port())
        client.call(WRITE, "c", "k", b"v", [])
        begun = time.monotonic()
        node.signal(signal.SIGTERM)
        self.assertEqual(node.ended(), OK, node.log())
        self.assertLess(time.monotonic() - begun, 2.5, "nothing was under way")
        self.assertIsNone(client.receive())

    def test_stop__is_the_same_from_the_command_line(self):
        node = self.node().start()
        self.assertEqual(node.sonm("node", "stop", "--socket", node.state / "node.sock")[0], OK)
        self.assertEqual(node.ended(), OK, node.log())
        code, text = node.sonm("node", "status", "--socket", node.state / "node.sock")
        self.assertEqual(code, OUT_OF_REACH, text)

    def test_second_signal__ends_it_at_once(self):
        node = self.node(head=HEAD.replace("3 s", "1 min")).start()
        # A client that has begun a frame and does not end it is no call; one that never reads its answer is.
        client = self.client(node.port())
        client.call(WRITE, "c", "big", b"x" * 900_000, [])
        for _ in range(200):
            client.send(READ, "c", "big")
        node.signal(signal.SIGTERM).said("stopping: ")
        time.sleep(0.2)
        if node.process.poll() is None:
            node.signal(signal.SIGTERM)
        self.assertIn(node.ended(), (OK, 128 + signal.SIGTERM))

    def test_killed__what_was_written_is_there_after_a_restart(self):
        node = self.node().start()
        client = self.client(node.port())
        for number in range(20):
            client.call(WRITE, "c", f"k{number}", b"v%d" % number, ["all"])
        node.process.kill()
        node.ended()
        node.start()
        client = self.client(node.port())
        self.assertEqual(len(client.call(FIND, "c", ["all"])[0]), 20)
        self.assertEqual(client.call(READ, "c", "k7"), [b"v7"])

    # ---- what can be wrong

    def test_wrong_configuration__is_told_with_file_and_line_and_touches_nothing(self):
        node = self.node("services:\n  - name: storage\n    type: storage\n    args: {pahth: x}\n")
        self.refused(node, USAGE, r"node\.yaml:\d+: services\[0\]\.args\.pahth: is no known key; did you mean 'path'")
        self.assertFalse(node.state.exists())
        code, text = node.sonm("node", "--config", node.config, "--check")
        self.assertEqual(code, USAGE, text)
        node.write()
        code, text = node.sonm("node", "--config", node.config, "--check")
        self.assertEqual((code, node.state.exists()), (OK, False), text)

    def test_template__is_a_good_configuration_that_names_every_type(self):
        node = self.node()
        code, text = node.sonm("init", "node")
        self.assertEqual(code, OK, text)
        node.config.write_text(text)
        code, said = node.sonm("node", "--config", node.config, "--check")
        self.assertEqual(code, OK, said)
        for kind in ("storage", "worker"):
            self.assertIn(f"type: {kind}\n", text)

    def test_port_taken__says_which(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.refused(self.node(head=HEAD.replace("127.0.0.1:0", address, 1)), 1, f"{address}: Address already in use")

    def test_second_node_on_the_same_folder__is_refused_and_the_first_goes_on(self):
        node = self.node().start()
        done = subprocess.run(node.command("node", "--config", node.config), capture_output=True, timeout=PATIENCE)
        self.assertNotEqual(done.returncode, OK)
        self.assertRegex(done.stderr.decode(), r"node\.sock")
        self.client(node.port()).call(WRITE, "c", "k", b"v", [])

    def test_state_folder_that_cannot_be_made__is_named(self):
        node = self.node()
        node.state.write_text("a file")
        self.refused(node, 1, "state")

    @unittest.skipIf(os.geteuid(), "only root can mount a small disk")
    def test_disk_full__writes_are_refused_and_old_values_stay(self):
        node = self.node()
        node.state.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", node.state], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", node.state])
        node.start()
        client = self.client(node.port())
        client.call(WRITE, "c", "kept", b"old", [])
        refused = 0
        for number in range(12):
            try:
                client.call(WRITE, "c", f"big{number}", b"x" * 1_000_000, [])
            except RuntimeError:
                refused += 1
        self.assertGreater(refused, 0)
        self.assertEqual(client.call(READ, "c", "kept"), [b"old"])
        self.assertEqual(node.http("/healthz")[0], 200)

    def test_names_that_lead_out_or_have_no_end__are_refused_by_every_method_and_nothing_is_written(self):
        node = self.node(head=HEAD + "limits: {{message: 32 MiB}}\n").start()
        client = self.client(node.port())
        client.call(WRITE, "c", "k", b"value", ["t"])

        def files():
            return sorted(path for path in node.folder.rglob("*") if path.name not in ("log", "home"))
        before = files()
        bad = {b"..": 22, b".": 22, b"": 22, b"/": 22, b"../../up": 22, b"/etc/passwd": 22, b"a/b": 22, b"nul\0l": 22, b"x" * 10_000_000: 36}
        for name, code in bad.items():
            for method, arguments in ((READ, (name, "k")), (READ, ("c", name)), (WRITE, (name, "k", b"v", [])), (WRITE, ("c", name, b"v", [])),
                                      (WRITE, ("c", "k", b"v", [name])), (REMOVE, (name, "k")), (REMOVE, ("c", name)), (FIND, (name, ["t"]))):
                channel = client.send(method, *arguments)
                answer = client.receive()
                self.assertEqual(answer[:2] + answer[2][:1], [channel, 1, [12, code]], (method, name[:20], answer))
        self.assertEqual(client.call(READ, "c", "k"), [b"value"])
        self.assertEqual(files(), before)

    def test_more_clients_than_allowed__the_newest_are_turned_away(self):
        node = self.node(head=HEAD + "limits: {{connections: 5}}\n").start()
        clients = [self.client(node.port()) for _ in range(5)]
        for client in clients:
            client.call(WRITE, "c", "k", b"v", [])
        self.assertRaises((ConnectionError, OSError), lambda: self.client(node.port()).call(READ, "c", "k"))
        self.assertEqual(clients[0].call(READ, "c", "k"), [b"v"])
        clients[0].close()
        wait(lambda: node.status()["connections"] == 4, "the node to notice", PATIENCE, node.log)
        self.assertEqual(self.client(node.port()).call(READ, "c", "k"), [b"v"])
        self.assertGreaterEqual(node.metric("sonm_node_connections_refused_total"), 1)


if __name__ == "__main__":
    main()
