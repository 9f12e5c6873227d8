"""notifications and unicorn in a real node: what SIGTERM does to open streams, and what a kill does to a named subscription."""
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent / "system"))
from node_support import Client, Node, Refused, need_node, re, signal, time  # noqa: E402
from support import main  # noqa: E402

SERVICES = "services:\n  - {name: notifications, type: notifications}\n  - {name: unicorn, type: unicorn}\n"
PUBLISH, SUBSCRIBE, SUBSCRIBE_AS, ACKNOWLEDGE, SUBSCRIBERS = 0, 1, 8, 9, 11
WATCH, CHILDREN, LOCK = 0, 1, 8
WRITE, ERROR, CLOSE = 0, 1, 2
CANCEL = 1  # the caller's last word on a stream of the server
CONNECTION_LOSS = [11, 10]


def setUpModule():
    need_node()


class NotificationsNode(unittest.TestCase):
    def setUp(self):
        self.node = Node(SERVICES)
        self.addCleanup(self.node.clean)
        self.node.start()

    def client(self, name="notifications"):
        client = Client(self.node.port(name))
        self.addCleanup(client.close)
        return client

    def publish(self, client, body):
        return client.call(PUBLISH, ["t", body.encode(), "text/plain", ""])[0]

    def test_sigterm_ends_open_streams_well_and_at_once(self):
        notes, tree = self.client(), self.client("unicorn")
        plain, named = notes.send(SUBSCRIBE, "t", None), notes.send(SUBSCRIBE_AS, "t", "n", None)
        value, lock, waiting = tree.send(WATCH, "/x"), tree.send(LOCK, "/l"), None
        self.assertEqual(tree.hear(value)[0], WRITE)
        self.assertEqual(tree.hear(lock), (WRITE, [True]))
        waiting = tree.send(LOCK, "/l")
        self.publish(notes, "seen")  # answered behind the subscriptions
        begun = time.monotonic()
        self.node.signal(signal.SIGTERM)
        kinds = {}
        for channel in (plain, named):
            kind, _ = notes.hear(channel)
            while kind == WRITE:
                kind, _ = notes.hear(channel)
            kinds[channel] = kind
            notes.say(channel, CANCEL)
        self.assertEqual(set(kinds.values()), {CLOSE}, kinds)
        self.assertEqual(tree.hear(value)[0], CLOSE)
        for channel in (lock, waiting):
            kind, arguments = tree.hear(channel)
            self.assertEqual((kind, arguments[0]), (ERROR, CONNECTION_LOSS))
        self.assertEqual(self.node.ended(), 0)
        self.assertLess(time.monotonic() - begun, 1.5, "the node's drain is 3 s")
        self.assertNotIn("cut off", self.node.log())

    def test_a_named_subscription_survives_kills_of_the_node_and_of_its_reader(self):
        sent, had = [], []
        for life in range(3):
            client = self.client()
            stream = client.send(SUBSCRIBE_AS, "t", "n", 0)
            sent += [self.publish(client, f"{life} {one}") for one in range(5)]
            fresh = []
            while not fresh or fresh[-1] != sent[-1]:
                kind, arguments = client.hear(stream)
                self.assertEqual(kind, WRITE, arguments)
                fresh.append(arguments[0][0])
            self.assertEqual(fresh, sent[len(had):], "all behind what was acknowledged, in order")
            client.call(ACKNOWLEDGE, "t", "n", fresh[2])
            had += fresh[:3]
            self.node.signal(signal.SIGKILL)
            self.node.ended()
            self.node.start()
        listed = self.client().call(SUBSCRIBERS, "t")[0]
        self.assertEqual([(one[1], one[3], one[4], one[6]) for one in listed], [(b"n", had[-1], len(sent) - len(had), False)])

    def test_hangup_takes_over_limits(self):
        client = self.client()
        self.publish(client, "more than ten bytes")
        self.node.write(SERVICES.replace("type: notifications}", "type: notifications, args: {body_max: 10 B}}").replace(
            "type: unicorn}", "type: unicorn, args: {value_max: 10 B}}"))
        self.node.signal(signal.SIGHUP).said("service unicorn: new arguments taken over")
        self.assertTrue(re.search("service notifications: new arguments taken over", self.node.log()))
        with self.assertRaises(Refused):
            self.publish(client, "more than ten bytes")
        self.publish(client, "short")
        with self.assertRaises(Refused):
            self.client("unicorn").call(4, "/a", b"more than ten bytes")


if __name__ == "__main__":
    main()
