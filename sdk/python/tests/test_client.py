"""The client against byte scripts: what old and new servers of this protocol say on the wire."""

import tempfile
import unittest

import sonm
from sonm.client import parse_endpoints

from .scripted import Peer, peer, port_hex

PRIM = "82 00 92 a576616c7565 80 01 92 a56572726f72 80"
STREAM = "83 00 92 a57772697465 c0 01 92 a56572726f72 80 02 92 a5636c6f7365 80"
STORAGE = f"84 00 93 a472656164 80 {PRIM} 01 93 a57772697465 80 {PRIM} 02 93 a672656d6f7665 80 {PRIM} 03 93 a466696e64 80 {PRIM}"
APP = f"81 00 93 a7656e7175657565 {STREAM} {STREAM}"
#: What later servers append to every frame.
TRACE = "93 93c2a874726163655f6964a80000000000000000 93c2a77370616e5f6964a80000000000000000 93c2a9706172656e745f6964a80000000000000000"


def resolves(name: str, service: Peer, graph: str) -> list[tuple[str, str]]:
    raw = name.encode()
    return [
        ("in", f"93 01 00 91 {0xa0 + len(raw):02x}{raw.hex()}"),
        ("out", f"93 01 00 93 91 92 a93132372e302e302e31 {port_hex(service.address)} 01 {graph}"),
    ]


def attaches(name: str, *answer: tuple[str, str]) -> list[tuple[str, str]]:
    """How a service is asked for by its name; without an answer: as at the ports of a service that nodes of old have, which end the connection."""
    raw = name.encode()
    return [("in", f"93 01 41 91 {0xa0 + len(raw):02x}{raw.hex()}"), *(answer or [("end", "")])]


ATTACHED = ("out", "93 01 00 91 01")
NOT_AVAILABLE = ("out", "93 01 01 92 92 0a 01 b8 73657276696365206973206e6f7420617661696c61626c65")
READ = [("in", "92 aa636f6c6c656374696f6e a36b6579"), ("out", "91 a776616c75652d31")]


def reads(channel: int) -> list[tuple[str, str]]:
    return [(direction, f"93 {channel:02x} 00 {text}") for direction, text in READ]


class ClientTest(unittest.IsolatedAsyncioTestCase):
    async def test_a_captured_storage_session_gives_what_it_gave_then(self):
        session = [
            ("in", "93 01 01 94 aa636f6c6c656374696f6e a36b6579 a776616c75652d31 92 a474616741 a474616742"),
            ("out", "93 01 00 90"),
            ("in", "93 02 00 92 aa636f6c6c656374696f6e a36b6579"),
            ("out", f"94 02 00 91 a776616c75652d31 {TRACE}"),
            ("in", "93 03 03 92 aa636f6c6c656374696f6e 91 a474616741"),
            ("out", "93 03 00 91 92 a36b6579 a46b657932"),
            ("in", "93 04 00 92 aa636f6c6c656374696f6e a36b6579"),
            ("out", "93 04 01 92 92 0c 02 da002a 2f636f6c6c656374696f6e2f6b65793a204e6f20737563682066696c65206f72206469726563746f7279"),
        ]
        async with peer(attaches("storage"), session) as service, peer(resolves("storage", service, STORAGE)) as locator:
            async with sonm.Node(locator.address) as node:
                storage = node.service("storage")
                self.assertIsNone(await storage.write("collection", "key", b"value-1", ["tagA", "tagB"]))
                self.assertEqual(await storage.read("collection", "key"), b"value-1")
                self.assertEqual(await storage.find("collection", ["tagA"]), [b"key", b"key2"])
                with self.assertRaises(sonm.ServiceError) as caught:
                    await storage.read("collection", "key")
                self.assertTrue(caught.exception.not_found)
                self.assertIn("No such file or directory", caught.exception.reason)

    async def test_a_stream_carries_chunks_both_ways_and_ends_on_both_sides(self):
        session = [
            ("in", "93 01 00 91 a470696e67"), ("in", "93 01 00 91 a568656c6c6f"), ("in", "93 01 02 90"),
            ("out", "93 01 00 91 aa706f6e673a68656c6c6f"), ("out", "93 01 02 90"),
        ]
        async with peer(attaches("app"), session) as service, peer(resolves("app", service, APP)) as locator:
            async with sonm.Node(locator.address) as node:
                channel = await node.service("app").enqueue("ping")
                await channel.write(b"hello")
                await channel.close()
                self.assertEqual([chunk async for chunk in channel], [b"pong:hello"])

    async def test_behind_a_unix_socket_a_service_is_asked_for_by_name(self):
        graph = [("in", "93 01 00 91 a773746f72616765"), ("out", f"93 01 00 93 91 92 a93132372e302e302e31 01 01 {STORAGE}")]
        session = [
            ("in", "93 01 41 91 a773746f72616765"), ("out", "93 01 00 91 01"),
            ("in", "93 02 00 92 aa636f6c6c656374696f6e a36b6579"), ("out", "93 02 00 91 a776616c75652d31"),
        ]
        with tempfile.TemporaryDirectory() as folder:
            async with peer(graph, session, unix=f"{folder}/node"), sonm.Node(f"unix:{folder}/node") as node:
                self.assertEqual(await node.service("storage").read("collection", "key"), b"value-1")

    async def test_on_the_locators_own_port_a_service_is_asked_for_by_name_however_the_node_was_called(self):
        session = [("in", "93 01 41 91 a773746f72616765"), ("out", "93 01 00 91 01"),
                   ("in", "93 02 00 92 aa636f6c6c656374696f6e a36b6579"), ("out", "93 02 00 91 a776616c75652d31")]
        async with peer([], session) as node_itself:
            node_itself._scripts[0] = resolves("storage", node_itself, STORAGE)
            async with sonm.Node(node_itself.address.replace("127.0.0.1", "localhost")) as node:
                self.assertEqual(await node.service("storage").read("collection", "key"), b"value-1")

    async def test_a_door_that_nobody_answers_at_does_not_hide_the_service(self):
        session = [("in", "93 01 00 92 aa636f6c6c656374696f6e a36b6579"), ("out", "93 01 00 91 a776616c75652d31")]
        async with peer(attaches("storage"), session) as service, peer(resolves("storage", service, STORAGE)) as locator:
            async with sonm.Node(f"unix:/nonexistent/node,{locator.address}") as node:
                self.assertEqual(await node.service("storage").read("collection", "key"), b"value-1")

    async def test_a_service_on_another_nodes_port_is_asked_for_there_by_name(self):
        async with peer(attaches("storage", ATTACHED) + reads(2)) as far, peer(resolves("storage", far, STORAGE)) as locator:
            async with sonm.Node(locator.address) as node:
                self.assertEqual(await node.service("storage").read("collection", "key"), b"value-1")

    async def test_a_port_that_knows_no_names_or_not_this_one_and_is_no_nodes_belongs_to_the_service_alone(self):
        no_method = ("out", "93 01 01 92 92 07 05 a46e6f7065")
        for scripts in ([attaches("storage")], [attaches("storage", no_method)],
                        [attaches("storage", NOT_AVAILABLE), attaches("locator", NOT_AVAILABLE)]):
            async with peer(*scripts, reads(1)) as service, peer(resolves("storage", service, STORAGE)) as locator:
                async with sonm.Node(locator.address) as node:
                    self.assertEqual(await node.service("storage").read("collection", "key"), b"value-1")

    async def test_a_service_that_another_node_does_not_have_or_give_is_an_error_and_never_its_locator(self):
        refused = ("out", "93 01 01 92 92 09 01 a46e6f7065")
        for code, scripts in (((10, 1), [attaches("storage", NOT_AVAILABLE), attaches("locator", ATTACHED)]), ((9, 1), [attaches("storage", refused)])):
            async with peer(*scripts) as far, peer(resolves("storage", far, STORAGE)) as locator:
                async with sonm.Node(locator.address) as node:
                    with self.assertRaises(sonm.ServiceError) as caught:
                        await node.service("storage").read("collection", "key")
                    self.assertEqual((caught.exception.category, caught.exception.code), code)

    async def test_an_unknown_service_is_an_error_with_the_well_known_text(self):
        answer = [("in", "93 01 00 91 a46e6f7065"),
                  ("out", "93 01 01 92 92 0a 01 b8 73657276696365206973206e6f7420617661696c61626c65")]
        async with peer(answer) as locator:
            with self.assertRaises(sonm.ServiceError) as caught:
                await sonm.Node(locator.address).service("nope").anything()
        self.assertTrue(caught.exception.not_found)
        self.assertEqual(caught.exception.reason, "service is not available")

    async def test_a_method_that_the_service_lacks_is_named_with_those_it_has(self):
        async with peer(attaches("storage")) as service, peer(resolves("storage", service, STORAGE)) as locator:
            async with sonm.Node(locator.address) as node:
                with self.assertRaisesRegex(AttributeError, "no method 'erase'.*find, read, remove, write"):
                    await node.service("storage").erase("a")

    async def test_bytes_that_are_no_frame_fail_the_call_and_the_next_one_looks_up_again(self):
        for garbage in ("c1", "91 01", "93 a0 00 90", "93 01 09 90", "93 01 00 a0", "dfffffffff", "94 01 00 90 01"):
            good = [("in", "93 01 00 92 a161 a162"), ("out", "93 01 00 91 a163")]
            bad = [("in", "93 01 00 92 a161 a162"), ("out", garbage)]
            async with peer(attaches("storage"), bad, attaches("storage"), good) as service:
                again = resolves("storage", service, STORAGE)
                async with peer(again, again) as locator, sonm.Node(locator.address, timeout=0.5) as node:
                    storage = node.service("storage")
                    with self.subTest(garbage), self.assertRaises((sonm.ProtocolError, sonm.DeadlineExceeded)):
                        await storage.read("a", "b")
                    if storage._connection.closed:
                        self.assertEqual(await storage.read("a", "b"), b"c")
                    service.problems.clear()
                    locator.problems.clear()

    async def test_a_service_that_says_nothing_is_given_up_in_time(self):
        async with peer(attaches("storage"), [("in", "93 01 00 92 a161 a162")]) as service, peer(resolves("storage", service, STORAGE)) as locator:
            async with sonm.Node(locator.address) as node:
                with self.assertRaisesRegex(sonm.DeadlineExceeded, "storage.read: no answer within 0.2 s"):
                    await node.service("storage", timeout=0.2).read("a", "b")

    async def test_nobody_listens_then_the_error_names_the_address(self):
        with self.assertRaisesRegex(sonm.Disconnected, "127.0.0.1:1"):
            await sonm.Node("127.0.0.1:1").service("storage").read("a", "b")

    async def test_an_upload_with_credit_waits_for_it(self):
        # 200 KiB are within the window of 256 KiB; the next item leaves, overdrawing it; the third waits for credit.
        graph = ("81 00 93 a470757368 83 00 92 a57772697465 c0 01 92 a56572726f72 80 02 92 a5636c6f7365 80 "
                 "83 00 92 a576616c7565 80 01 92 a56572726f72 80 02 92 a6637265646974 c0")
        item = b"x" * 200 * 1024
        written = "93 01 00 91 db00032000" + item.hex()
        session = [("in", "93 01 00 90"), ("in", written), ("in", written)]
        more = [("out", "93 01 02 91 ce00064000"), ("in", written), ("in", "93 01 02 90"), ("out", "93 01 00 91 03")]
        async with peer(attaches("up"), session + more) as service, peer(resolves("up", service, graph)) as locator:
            async with sonm.Node(locator.address) as node:
                channel = await node.service("up").push()
                for _ in range(3):
                    await channel.write(item)
                self.assertLess(channel._credit, 0x64000)
                self.assertEqual(await channel.result(), 3)


class AddressTest(unittest.TestCase):
    def test_addresses_are_parsed_or_refused_with_an_example(self):
        self.assertEqual(parse_endpoints("127.0.0.1:1,[::1]:2,unix:/a/b"), [("127.0.0.1", 1), ("::1", 2), ("unix:/a/b", 0)])
        for wrong in ("", "host", "host:", "host:0", "host:65536", ":1", "a:b"):
            with self.subTest(wrong), self.assertRaisesRegex(ValueError, "127.0.0.1:10053"):
                parse_endpoints(wrong)


if __name__ == "__main__":
    unittest.main()
