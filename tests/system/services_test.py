"""Every method of every service, by a client that knows nothing but sockets and MessagePack: frames of three and of four elements,
streams as clients without credit read them, errors by their numbers."""
import http.server
import shutil
import subprocess
import threading
import unittest

from app_support import ROOT, archive, packed
from node_support import HEAD, PATIENCE, Node, Refused, end, free_ports, need_node, time, wait
from service_support import Cases

SERVICES = """\
services:
  - {name: storage, type: storage}
  - {name: logging, type: logging}
  - {name: cache, type: cache}
  - {name: time, type: time}
  - {name: urlfetch, type: fetch, args: {allow: [127.0.0.1/32]}}
  - {name: notifications, type: notifications, args: {allow: [127.0.0.1/32]}}
  - {name: unicorn, type: unicorn}
  - {name: node, type: apphost}
"""
LOCATOR = """\
locator: {{peers: {{nobody: '127.0.0.1:1'}}}}
"""
ERRNO, OWN, UNICORN, DISPATCH, NODE = 12, 0x5300, 11, 7, 0x51FF
INVALID, NOT_FOUND, DENIED = 1, 2, 9


class Page(http.server.BaseHTTPRequestHandler):
    """Says back what it is asked; what is posted to /hook is gone."""
    got = []

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Method", self.command)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, b"page " * 1000 if self.path == "/long" else b"page")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.got.append((self.path, body))
        self.answer(410 if self.path == "/hook" else 200, b"got " + body[:20])

    do_PUT = do_POST

    def log_message(self, *_):
        pass


class Services(Cases):
    @classmethod
    def setUpClass(cls):
        need_node()
        cls.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        cls.web.daemon_threads = True
        threading.Thread(target=cls.web.serve_forever, daemon=True).start()
        cls.url = f"http://127.0.0.1:{cls.web.server_port}"
        cls.node = Node(SERVICES, HEAD + LOCATOR).start()

    @classmethod
    def tearDownClass(cls):
        cls.node.clean()
        cls.web.shutdown()
        cls.web.server_close()

    def test_storage(self):
        def body(storage, tag):
            self.assertEqual(storage.call("write", tag, "key", b"\x00\xff value", ["a", "b"]), [])
            self.assertEqual(storage.call("write", tag, "other", b"", ["a"]), [])
            self.assertEqual(storage.call("read", tag, "key"), b"\x00\xff value")
            self.assertEqual(storage.call("find", tag, ["a", "b"]), [b"key"])
            self.assertEqual(storage.call("find_page", tag, ["a"], "key", 10), [b"other"])
            self.assertEqual(storage.call("remove", tag, "key"), [])
            self.assertEqual(storage.error("read", tag, "key"), (ERRNO, NOT_FOUND))
            self.assertEqual(storage.error("read", tag, ".."), (ERRNO, 22))
            self.assertEqual(storage.error("read", tag), (DISPATCH, 2))
        self.each("storage", body)

    def test_logging(self):
        def body(logging, tag):
            logging.tell("emit", 2, f"app/{tag}", "first", [["user", 7]])
            logging.tell("emit", 0, f"app/{tag}", "second")
            self.assertEqual(logging.call("verbosity"), 0)
            every = logging.open("query", [f"app/{tag}"])
            self.assertEqual([(entry[2], entry[4]) for entry in every.items()], [(2, b"first"), (0, b"second")])
            follow = logging.open("query", [f"app/{tag}", 0, 0, 0, [], "", 1, True])
            self.assertEqual(follow.item()[4], b"second")
            logging.tell("emit", 3, f"app/{tag}", "third")
            self.assertEqual(follow.item()[4], b"third")
            follow.say("cancel")
            self.assertEqual(logging.call("set_source_verbosity", f"app/{tag}", 3), [])
            self.assertEqual(logging.call("set_verbosity", 1), [])
            self.assertEqual(logging.call("levels"), [1, {f"app/{tag}".encode(): 3}])
            logging.call("set_source_verbosity", f"app/{tag}", None)
            logging.call("set_verbosity", 0)
            self.assertEqual(logging.call("verbosity"), 0)
        self.each("logging", body)

    def test_cache(self):
        def body(cache, tag):
            self.assertEqual(cache.call("get", tag), [False, b""])
            self.assertEqual(cache.call("put", tag, b"value"), [])
            self.assertEqual(cache.call("get", tag), [True, b"value"])
            found, value, version = cache.call("get_versioned", tag)
            self.assertEqual((found, value), (True, b"value"))
            done, now = cache.call("compare_and_put", tag, version, b"newer", 60_000)
            self.assertTrue(done)
            self.assertEqual(cache.call("compare_and_put", tag, version, b"too late"), [False, now])
            self.assertEqual(cache.error("increment", tag, 1), (ERRNO, 22))
            self.assertEqual(cache.call("increment", tag + " number", 5), 5)
            self.assertEqual(cache.call("increment", tag + " number", -7, 1_000), -2)
            self.assertTrue(cache.call("remove", tag))
            self.assertGreater(cache.call("stats")[0], 0)
        self.each("cache", body)

    def test_time(self):
        def body(clock, _):
            now, error, agreed = clock.call("now")
            self.assertLess(abs(now / 1e6 - time.time()), 5)
            came, went = clock.call("exchange")
            self.assertLessEqual(came, went)
            self.assertEqual(clock.call("status")[2][0][0], b"own")
        self.each("time", body)

    def test_urlfetch(self):
        def body(web, _):
            good, page, status, fields = web.call("get", self.url)
            self.assertEqual((good, page, status, fields[b"X-Method"]), (True, b"page", 200, b"GET"))
            good, page, status, fields = web.call("post", self.url, b"posted", 5000, {}, {"X-More": "1"}, False)
            self.assertEqual((good, page, status), (True, b"got posted", 200))
            answer = web.call("fetch", ["PUT", self.url, [["X-Test", "1"]], b"put"])
            self.assertEqual((answer[0], answer[2]), (200, b"got put"))
            parts = web.open("download", ["GET", self.url + "/long"]).items()
            self.assertEqual(parts[0][0][0], 200, "first the head")
            self.assertEqual(b"".join(part[1] for part in parts[1:]), b"page " * 1000)
            upload = web.open("upload", ["POST", self.url], 12)
            for piece in (b"first ", b"second"):
                upload.say("write", piece)
            upload.say("close")
            word, answer = upload.hear()
            self.assertEqual((word, answer[0][0], answer[0][2]), ("value", 200, b"got first second"))
            self.assertEqual(web.error("get", "http://169.254.169.254/"), (OWN, DENIED))
        self.each("urlfetch", body)

    def test_an_upload_may_be_larger_than_the_window_if_its_caller_counts_credit(self):
        """Ten times the window, sent as credit comes."""
        web = self.service("urlfetch", set())
        piece, window, overhead = bytes(64 << 10), 256 << 10, 64
        upload = web.open("upload", ["POST", self.url], 40 * len(piece))
        balance = window
        for _ in range(40):
            while balance <= 0:
                word, arguments = upload.hear()
                self.assertEqual(word, "credit")
                balance += arguments[0]
            upload.say("write", piece)
            balance -= len(piece) + 5 + overhead
        upload.say("close")
        word, arguments = upload.hear()
        while word == "credit":
            word, arguments = upload.hear()
        self.assertEqual((word, arguments[0][0]), ("value", 200))
        self.assertEqual(len(Page.got[-1][1]), 40 * len(piece))

    def test_notifications(self):
        def body(news, tag):
            first = news.call("publish", [tag, b"one", "text/plain", "id-1"])
            self.assertEqual(news.call("publish", [tag, b"one", "text/plain", "id-1"]), first, "accepted once")
            hook, secret = news.call("add_webhook", tag, self.url + "/hook")
            self.assertTrue(secret.startswith(b"whsec_"))
            stream = news.open("subscribe", tag, 0)
            second = news.call("publish", [tag, b"two"])
            heard = [stream.item(), stream.item()]
            self.assertEqual([(one[0], one[5]) for one in heard], [(first, b"one"), (second, b"two")])
            stream.say("cancel")
            named = news.open("subscribe_as", tag, "reader", 0)
            self.assertEqual(named.item()[0], first)
            self.assertEqual(news.call("acknowledge", tag, "reader", first), [])
            named.say("cancel")
            again = news.open("subscribe_as", tag, "reader")
            self.assertEqual(again.item()[0], second, "behind what was acknowledged")
            again.say("cancel")
            self.assertEqual([one[:4] for one in news.call("subscribers", tag)], [[tag.encode(), b"reader", b"", first]])
            self.assertEqual(news.call("forget", tag, "reader"), [])
            self.assertEqual(news.error("acknowledge", tag, "reader", first), (OWN, NOT_FOUND))
            listed = [one for one in news.call("webhooks") if one[0] == hook]
            self.assertEqual([one[1] for one in listed], [tag.encode()])
            dead = wait(lambda: news.call("dead_letters", hook, 0, 10), "a dead letter: the webhook is gone", PATIENCE, self.node.log)
            self.assertEqual(dead[0][0][5], b"two")
            self.assertEqual(news.call("redeliver", hook, second), [])
            wait(lambda: news.call("dead_letters", hook, 0, 10), "the letter again", PATIENCE, self.node.log)
            self.assertEqual(news.call("drop", hook, second), [])
            self.assertEqual(news.error("drop", hook, second), (OWN, NOT_FOUND))
            self.assertEqual(news.call("remove_webhook", hook), [])
            self.assertEqual(news.error("remove_webhook", hook), (OWN, NOT_FOUND))
        self.each("notifications", body)

    def test_unicorn(self):
        def body(tree, tag):
            path = f"/{tag}/node"
            self.assertEqual(tree.error("get", path), (UNICORN, 8))
            watch = tree.open("subscribe", path)
            self.assertEqual(watch.item(), [None, -1], "not there yet")
            self.assertIs(tree.call("create", path, {"a": [1, None]}), True)
            self.assertEqual(watch.item(), [{b"a": [1, None]}, 0])
            children = tree.open("children_subscribe", f"/{tag}")
            self.assertEqual(children.item()[1], [b"node"])
            self.assertEqual(tree.call("put", path, b"new", 0), [True, [b"new", 1]])
            self.assertEqual(tree.call("put", path, b"late", 0), [False, [b"new", 1]])
            self.assertEqual(tree.call("get", path), [b"new", 1])
            self.assertEqual(tree.call("increment", f"/{tag}/count", 2)[0], 2)
            self.assertEqual(children.item()[1], [b"count", b"node"])
            self.assertIs(tree.call("del", path, 1), True)
            word, answer = watch.hear()
            while word == "write":
                word, answer = watch.hear()
            self.assertEqual((word, answer[0]), ("error", [UNICORN, 8]), "the node is gone")
            self.assertIs(tree.call("remove", f"/{tag}/count", -1), True)
            children.say("close")
            for method, more in (("lock", ()), ("named_lock", (b"who",))):
                held = tree.open(method, f"/{tag}/{method}", *more)
                self.assertIs(held.item(), True)
                # Another client waits until the holder lets go, by a word and by its connection's end.
                other = self.service("unicorn", set())
                waiting = other.open("lock", f"/{tag}/{method}")
                held.say("close")
                self.assertIs(waiting.item(), True)
                third = tree.open("lock", f"/{tag}/{method}")
                other.client.close()
                self.assertIs(third.item(), True, "the holder's connection has ended")
                third.say("close")
        self.each("unicorn", body)

    def test_applications_by_the_node_and_by_their_own_name(self):
        self.store_raw("raw")

        def talk(service, *arguments):
            channel = service.open("enqueue", *arguments)
            channel.say("write", b"\xc3\x28")
            channel.say("close")
            return channel.items()

        def body(node, _):
            self.assertEqual(node.error("pause_app", "raw"), (NODE, 6))
            node.call("start_app", "raw", "raw")
            self.assertEqual(node.error("start_app", "raw", "raw"), (NODE, 5))
            self.assertIn(b"raw", node.call("list"))
            self.assertEqual(talk(node, "raw", "echo"), [b"\xc3\x28"])
            self.assertEqual(node.call("info", "raw")[b"state"], b"running")
            self.assertEqual(node.call("update", "raw", ""), [False, False])
            self.assertTrue(any(b"born" in line[1] for line in node.call("output", "raw")))
            self.workers(node, ("raw",), lambda: node.call("info", "raw"))
            called = set()
            app = self.service("raw", called, node.client.headers)
            self.assertEqual(talk(app, "echo"), [b"\xc3\x28"])
            self.assertEqual(talk(app, "echo", "a tag"), [b"\xc3\x28"])
            self.workers(app, (), lambda: app.call("info"))
            self.assertEqual(called, set(app.graph))
            node.call("pause_app", "raw")
        self.each("node", body)

    def store_raw(self, name):
        storage = self.service("storage", set())
        storage.call("write", "apps", name, packed(archive(("worker.py", ROOT / "tests/system/app/raw_worker.py"))), ["app"])
        storage.call("write", "manifests", name, packed({"slave": "./worker.py"}), ["app"])
        storage.call("write", "profiles", name, packed({}), ["profile"])

    def workers(self, service, arguments, info):
        """A wished number of workers holds while the channel is open."""
        control = service.open("control", *arguments)
        control.say("write", 2)
        wait(lambda: len(info()[b"pool"][b"slaves"]) == 2, "two workers", PATIENCE, self.node.log)
        control.say("close")
        self.assertEqual(control.hear(), ("value", []))

    def test_locator(self):
        def body(locator, tag):
            name = f"outside-{tag}"
            self.assertEqual(locator.error("resolve", name), (10, 1))
            held = locator.open("publish", name, [["127.0.0.1", self.web.server_port]])
            self.assertEqual(held.hear(), ("value", []))
            endpoints, version, graph = locator.call("resolve", name, "seed")
            self.assertEqual((endpoints, version, graph), ([[b"127.0.0.1", self.web.server_port]], 0, {}))
            held.say("discard")
            wait(lambda: self.gone(locator, name), "the name to be gone", PATIENCE, self.node.log)
            storage = self.service("storage", set())
            storage.call("write", "groups", f"group-{tag}", packed({"storage": 1}), ["group", "active"])
            self.assertEqual(locator.call("refresh", [f"group-{tag}"]), [])
            rings = locator.open("routing", f"router-{tag}")
            self.assertIn(f"group-{tag}".encode(), rings.item())
            rings.say("discard")
            self.assertEqual(len(locator.call("uuid")), 36)
            self.assertIn(b"nobody", locator.call("cluster"))
            uuid, offers = locator.open("connect", f"00000000-0000-4000-8000-00000000000{len(tag)}").item()
            self.assertIn(b"storage", offers)
        self.each("locator", body)

    def test_the_same_services_by_a_client_in_another_language(self):
        self.store_raw("by-js")
        node = self.service("node", set())
        node.call("start_app", "by-js", "by-js")
        wait(lambda: node.call("output", "by-js"), "a worker", PATIENCE, self.node.log)
        self.assertEqual(self.in_javascript("--url", self.url, "--app", "by-js"), 6)

    def gone(self, locator, name):
        try:
            locator.call("resolve", name)
            return False
        except Refused as refused:
            return refused.number == (10, 1)


PROSODY = """\
daemonize = false
run_as_root = true
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
log = {{ {{ levels = {{ min = "info" }}, to = "console" }} }}
modules_enabled = {{ "saslauth", "ping", "presence", "message", "iq" }}
modules_disabled = {{ "s2s" }}
c2s_ports = {{ {port} }}
c2s_interfaces = {{ "127.0.0.1" }}
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
VirtualHost "localhost"
"""
JABBER = """\
services:
  - {{name: ann, type: jabber, args: {{account: ann@localhost, password_file: '{folder}/password', host: 127.0.0.1, port: {port}, tls: none}}}}
  - {{name: bob, type: jabber, args: {{account: bob@localhost, password_file: '{folder}/password', host: 127.0.0.1, port: {port}, tls: none}}}}
"""


class Jabber(Cases):
    """Two accounts at a prosody of the test's own."""

    @classmethod
    def setUpClass(cls):
        need_node()
        if not shutil.which("prosody"):
            raise unittest.SkipTest("prosody is not installed")
        cls.node = Node("")
        folder, port = cls.node.folder, free_ports(1)[0]
        accounts = folder / "data" / "localhost" / "accounts"
        accounts.mkdir(parents=True)
        for name in ("ann", "bob"):
            (accounts / f"{name}.dat").write_text('return { ["password"] = "secret"; };')
        (folder / "password").write_text("secret\n")
        (folder / "prosody.cfg.lua").write_text(PROSODY.format(folder=folder, port=port))
        cls.node.write(JABBER.format(folder=folder, port=port))
        with open(folder / "prosody.log", "wb") as log:
            cls.prosody = subprocess.Popen(["prosody", "--config", folder / "prosody.cfg.lua", "-F"], stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log)
        cls.node.start()

    @classmethod
    def tearDownClass(cls):
        end(cls.prosody)
        cls.node.clean()

    def test_jabber(self):
        bob = self.service("bob", set())
        wait(lambda: bob.call("status")[0], "bob to be connected", PATIENCE, self.node.log)

        def body(ann, tag):
            wait(lambda: ann.call("status")[0], "ann to be connected", PATIENCE, self.node.log)
            inbox, answers = bob.open("receive"), ann.open("receive")
            sent = ann.call("send", "bob@localhost", f"hello {tag}")
            got = inbox.item()
            self.assertEqual((got[2], got[4]), (f"hello {tag}".encode(), sent))
            bob.call("send", got[0], "back")
            self.assertEqual(answers.item()[2], b"back")
            self.assertEqual(ann.error("send", "bob@localhost", "a\0b"), (OWN, INVALID))
            inbox.say("cancel")
            answers.say("cancel")
        self.each("ann", body)
        self.assertEqual(self.in_javascript("--jabber", "ann"), 1)


if __name__ == "__main__":
    from support import main
    main()
