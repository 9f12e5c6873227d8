"""Calls in JSON, from the command line and over HTTP: methods of every shape, and services that are at another node."""
import base64
import http.client
import http.server
import json
import signal
import subprocess
import threading
import unittest

from app_support import ROOT
from cluster_test import OldStorage
from node_support import PATIENCE, Client, Node, free_ports, need_node, os, socket, time, wait
from support import FAILED, INTERRUPTED, OK, SLOWNESS, TOO_LATE, USAGE

SERVICES = """\
services:
  - {name: storage, type: storage}
  - {name: unicorn, type: unicorn}
  - {name: urlfetch, type: fetch, args: {allow: [127.0.0.1/32]}}
  - {name: notifications, type: notifications}
  - {name: node, type: apphost}
"""
NEAR_HEAD = """\
name: {name}
state: {{state}}
listen: ['127.0.0.1:{port}']
ports: {ports}
http: {{{{listen: '127.0.0.1:0'}}}}
drain: 1 s
locator: {{{{uuid: {name}, interval: 1 s, peers: {{{{{peer}: '127.0.0.1:{peer_port}'}}}}}}}}
"""
AS_JSON, AS_LINES = {"Content-Type": "application/json"}, {"Content-Type": "application/x-ndjson"}
RESOLVE, CLUSTER, PUBLISH = 0, 3, 4
# How long a node needs to notice that who listens to a silent stream over HTTP has gone.
SILENCE = 3 * SLOWNESS


def setUpModule():
    need_node()


def upload_echo(node, where):
    """Stores and starts an application whose event `echo` gives back each chunk."""
    folder = node.folder / "echo"
    folder.mkdir()
    (folder / "worker.py").write_bytes((ROOT / "tests/system/app/raw_worker.py").read_bytes())
    (folder / "worker.py").chmod(0o755)
    (folder / "manifest.json").write_text('{"slave": "./worker.py"}')
    for words in (("upload", folder), ("start", "echo")):
        code, text = node.sonm("app", *words, "--node", where)
        assert code == OK, text


class Shapes(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.node = Node(SERVICES).start()
        cls.where = f"127.0.0.1:{cls.node.locator_port()}"
        upload_echo(cls.node, cls.where)

    @classmethod
    def tearDownClass(cls):
        cls.node.clean()

    def sonm(self, *words, stdin=subprocess.DEVNULL, **more):
        done = subprocess.run(self.node.command(*words, "--node", self.where), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
                              text=True, **({} if "input" in more else {"stdin": stdin}), **more)
        return done.returncode, done.stdout, done.stderr

    def value(self, service, method, args):
        code, out, err = self.sonm("call", service, method, json.dumps(args))
        self.assertEqual(code, OK, err)
        return json.loads(out)

    def open(self, *words):
        """A call that goes on, with pipes."""
        process = subprocess.Popen(self.node.command("call", *words, "--node", self.where), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()

    def post(self, path, body, headers):
        status, _, text = self.node.http(path, body, headers)
        return status, [json.loads(line) for line in text.splitlines() if line]

    def test_dialogs_with_one_answer_are_calls(self):
        self.assertIs(self.value("unicorn", "create", ["/a/b", {"x": [1, None]}]), True)
        self.assertEqual(self.value("unicorn", "get", {"path": "/a/b"}), {"value": {"x": [1, None]}, "version": 0})
        self.assertEqual(self.value("unicorn", "put", ["/a/b", "new", 0]), [True, {"value": "new", "version": 1}])
        code, out, err = self.sonm("call", "unicorn", "get", '["/none"]')
        self.assertEqual((code, out), (FAILED, ""))
        self.assertIn("no such node", err)
        self.assertEqual(self.post("/v1/unicorn/get", '["/a/b"]', AS_JSON), (200, [{"value": "new", "version": 1}]))
        self.assertEqual(self.post("/v1/unicorn/del", '["/a/b", 1]', AS_JSON), (200, [True]))
        status, (error,) = self.post("/v1/unicorn/get", '["/a/b"]', AS_JSON)
        self.assertEqual((status, error["category"], error["code"]), (422, "unicorn", 8))

    def test_a_subscription_prints_each_change_until_it_is_interrupted(self):
        watch = self.open("unicorn", "subscribe", '["/watched"]')
        self.assertEqual(json.loads(watch.stdout.readline()), {"value": None, "version": -1})
        self.value("unicorn", "create", ["/watched", 1])
        self.assertEqual(json.loads(watch.stdout.readline()), {"value": 1, "version": 0})
        self.value("unicorn", "del", ["/watched", -1])
        self.assertEqual(watch.wait(PATIENCE), FAILED, "it ends as the service ends it")
        again = self.open("unicorn", "subscribe", '["/watched"]')
        again.stdout.readline()
        again.send_signal(signal.SIGINT)
        self.assertEqual(again.wait(PATIENCE), INTERRUPTED)

    def test_a_lock_is_held_for_as_long_as_somebody_listens(self):
        host, _, port = self.node.info["http"].rpartition(":")
        holder = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        holder.request("POST", "/v1/unicorn/lock", '["/lock"]', AS_JSON)
        answer = holder.getresponse()
        self.assertEqual(answer.readline(), b"true\n")
        waiting = self.open("unicorn", "lock", '["/lock"]')
        self.assertEqual(answer.readline(), b"\n", "a line without an item while nothing happens")
        self.assertIsNone(waiting.poll())
        answer.close()
        holder.close()
        began = time.monotonic()
        self.assertEqual(waiting.stdout.readline(), "true\n")
        self.assertLess(time.monotonic() - began, 3 * SILENCE)
        # Interrupted, the command line lets go at once.
        third = self.open("unicorn", "lock", '["/lock"]')
        waiting.send_signal(signal.SIGINT)
        self.assertEqual(third.stdout.readline(), "true\n")

    def test_a_plain_stream_takes_lines_and_gives_lines_while_it_goes_on(self):
        talk = self.open("echo", "enqueue", '["echo"]')
        for word in ("one", "two"):
            talk.stdin.write(json.dumps({"$text": word}) + "\n")
            talk.stdin.flush()
            self.assertEqual(json.loads(talk.stdout.readline()), base64.b64encode(word.encode()).decode())
        talk.stdin.close()
        self.assertEqual((talk.wait(PATIENCE), talk.stdout.read()), (OK, ""))
        wrong = self.sonm("call", "echo", "enqueue", '["echo"]', input='{"$text": "one"}\nno json\n')
        self.assertEqual(wrong[0], USAGE)
        self.assertIn("line 2 of the input", wrong[2])
        self.assertIn("item 1", self.sonm("call", "echo", "enqueue", '["echo"]', input="7\n")[2])
        body = '["echo", "echo"]\n{"$text": "one"}\n\n{"$text": "two"}\n'
        self.assertEqual(self.post("/v1/node/enqueue", body, AS_LINES), (200, ["b25l", "dHdv"]))

    def test_input_may_be_a_file_or_nothing(self):
        items = self.node.folder / "items"
        items.write_text('{"$text": "from a file"}\n{"$text": "without an end of line"}')
        with open(items, encoding="utf-8") as file:
            code, out, err = self.sonm("call", "echo", "enqueue", '["echo"]', stdin=file)
        self.assertEqual((code, len(out.splitlines())), (OK, 2), err)
        self.assertEqual(self.sonm("call", "echo", "enqueue", '["echo"]')[:2], (OK, ""))

    def test_input_may_be_a_fifo_whose_writer_has_gone(self):
        path = self.node.folder / "fifo"
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        path.write_text('{"$text": "one"}\n', encoding="utf-8")
        self.assertEqual(self.sonm("call", "echo", "enqueue", '["echo"]', stdin=reader), (OK, '"b25l"\n', ""))

    def test_a_service_that_takes_all_and_never_answers_is_given_up(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            args = json.dumps([{"method": "POST", "url": url, "headers": [], "body": "", "timeout_ms": 60000}, 4])
            code, out, err = self.sonm("call", "urlfetch", "upload", args, "--timeout", "1 s", input='{"$text": "four"}\n')
            self.assertEqual((code, out), (TOO_LATE, ""), err)
            self.assertIn("no answer within 1000 ms", err)

    def test_what_is_sent_with_one_answer_behind_it(self):
        got = []

        class Page(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                got.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass
        with http.server.HTTPServer(("127.0.0.1", 0), Page) as web:
            threading.Thread(target=web.serve_forever, daemon=True).start()
            args = json.dumps([{"method": "POST", "url": f"http://127.0.0.1:{web.server_port}/"}, 8])
            lines = '{"$text": "four"}\n{"$text": "more"}\n'
            code, out, err = self.sonm("call", "urlfetch", "upload", args, input=lines)
            self.assertEqual((code, json.loads(out or "{}").get("status")), (OK, 200), err)
            status, (answer,) = self.post("/v1/urlfetch/upload", args + "\n" + lines, AS_LINES)
            self.assertEqual((status, answer["status"], answer["body"]), (200, 200, "b2s="))
            web.shutdown()
        self.assertEqual(got, [b"fourmore"] * 2)
        # A wished number of workers holds until the input ends.
        pool = self.open("node", "control", '["echo"]')
        pool.stdin.write("2\n")
        pool.stdin.flush()
        wait(lambda: len(self.value("node", "info", ["echo", 1])["pool"]["slaves"]) == 2, "two workers", PATIENCE, self.node.log)
        pool.stdin.close()
        self.assertEqual((pool.wait(PATIENCE), pool.stdout.read()), (OK, "null\n"))

    def test_a_stream_over_http_begins_before_its_first_item(self):
        host, _, port = self.node.info["http"].rpartition(":")
        reader = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        self.addCleanup(reader.close)
        reader.request("POST", "/v1/notifications/subscribe", '["silent topic"]', AS_JSON)
        answer = reader.getresponse()
        self.assertEqual((answer.status, answer.readline()), (200, b"\n"))
        self.value("notifications", "publish", [{"topic": "silent topic", "body": "AAE="}])
        line = b"\n"
        while line == b"\n":
            line = answer.readline()
        self.assertEqual(json.loads(line)["body"], "AAE=")


class Gateway(unittest.TestCase):
    """`far` has all services, `near` is the node that is asked."""

    def pair(self, ports):
        near_port, far_port = free_ports(2)
        head = {"near": NEAR_HEAD.format(name="near", port=near_port, ports=0, peer="far", peer_port=far_port),
                "far": NEAR_HEAD.format(name="far", port=far_port, ports=ports, peer="near", peer_port=near_port)}
        near = Node("services:\n  - {name: time, type: time}\n", head["near"])
        far = Node("services:\n  - {name: storage, type: storage}\n  - {name: node, type: apphost}\n", head["far"])
        for node in (near, far):
            self.addCleanup(node.clean)
            node.start()
        where = f"127.0.0.1:{near_port}"
        wait(lambda: "storage" not in near.sonm("call", "storage", "find", '["c", ["t"]]', "--node", where)[1], "a link", PATIENCE, near.log)
        return near, where

    def test_a_node_is_reached_by_name_at_an_address_that_its_cluster_does_not_know(self):
        near_port, far_port, told_port = free_ports(3)
        near = Node("services: []\n", NEAR_HEAD.format(name="near", port=near_port, ports=0, peer="far", peer_port=far_port))
        head = NEAR_HEAD.format(name="far", port=far_port, ports="none", peer="near", peer_port=near_port)
        head = head.replace(f"'127.0.0.1:{far_port}'", f"'127.0.0.1:{far_port}', '127.0.0.1:{told_port}'")
        far = Node("services:\n  - {name: storage, type: storage}\n", f"{head}advertise: '127.0.0.1:{told_port}'\n")
        for node in (near, far):
            self.addCleanup(node.clean)
            node.start()
        locator = Client(near_port)
        self.addCleanup(locator.close)
        wait(lambda: locator.call(CLUSTER)[0][b"far"][1], "a link", PATIENCE, near.log)
        self.assertEqual(near.sonm("call", "storage", "find", '["c", ["t"]]', "--node", f"127.0.0.1:{near_port}"), (OK, "[]\n"))

    def test_what_was_published_is_reached_under_its_other_name(self):
        for ports, reached in ((0, True), ("none", False)):
            with self.subTest(ports=ports):
                near, where = self.pair(ports)
                publisher = Client(near.locator_port())
                self.addCleanup(publisher.close)
                endpoints, version, graph = publisher.call(RESOLVE, "storage")
                publisher.call(PUBLISH, "alias", endpoints, [version, graph])
                code, text = near.sonm("call", "alias", "find", '["c", ["t"]]', "--node", where)
                if reached:
                    self.assertEqual((code, text), (OK, "[]\n"))
                else:  # a node's port knows no such name, and its locator is not spoken to instead
                    self.assertIn("service is not available", text)
                old = OldStorage()
                self.addCleanup(old.close)
                publisher.call(PUBLISH, "old", [["127.0.0.1", old.port]], [version, graph])
                self.assertEqual(near.sonm("call", "old", "find", '["c", ["t"]]', "--node", where), (OK, "[]\n"))

    def test_the_command_line_reaches_what_another_node_serves(self):
        for ports in (0, "none"):
            with self.subTest(ports=ports):
                near, where = self.pair(ports)
                for words, expected in ((("write", '["c", "k", {"$text": "value"}, ["t"]]'), "null"), (("find", '["c", ["t"]]'), "k"),
                                        (("read", '["c", "k"]'), base64.b64encode(b"value").decode())):
                    code, text = near.sonm("call", "storage", *words, "--node", where)
                    self.assertEqual(code, OK, text)
                    self.assertIn(expected, text)
                code, text = near.sonm("call", "nothing", "read", "--node", where)
                self.assertNotEqual(code, OK)
                self.assertIn("service nothing", text)
                upload_echo(near, where)
                self.assertEqual(near.sonm("app", "call", "echo", "echo", "through", "--node", where), (OK, "through"))
                self.assertIn("running", near.sonm("app", "ls", "--node", where)[1])


if __name__ == "__main__":
    from support import main
    main()
