"""What the other side may not do: a bound for everything that it can make grow, and an error that says which."""

import asyncio
import contextlib
import io
import tracemalloc
import unittest
from collections.abc import Iterator
from unittest import mock

import sonm
from sonm.channel import PRIMITIVE, STREAM, Graph, parse_graph
from sonm.connection import Connection, connect
from sonm.wire import WINDOW_BYTES, FrameReader, pack_frame

from .memory import connection

MIB = 1 << 20
DOWN: Graph = {0: ("write", None), 1: ("error", {}), 2: ("close", {})}
GRANTS: Graph = {0: ("credit", None), 1: ("cancel", {})}


@contextlib.contextmanager
def little_memory(test: unittest.TestCase, limit: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        test.assertLess(tracemalloc.get_traced_memory()[1], limit)
    finally:
        tracemalloc.stop()


class FrameTest(unittest.TestCase):
    def refused(self, why: str, *said: bytes) -> None:
        reader = FrameReader()
        with self.assertRaisesRegex(sonm.ProtocolError, why):
            for part in said:
                list(reader.feed(part))

    def test_a_list_that_announces_many_values_takes_no_memory_for_them(self) -> None:
        with little_memory(self, MIB):
            self.assertEqual(list(FrameReader().feed(bytes.fromhex("93 01 00 dd000ffff0"))), [])

    def test_a_size_over_the_limit_is_refused_as_soon_as_it_is_announced(self) -> None:
        for announced in ("db 01000001", "c6 ffffffff", "93 01 00 91 db 00ffffff"):
            self.refused("more than 16777216 bytes", bytes.fromhex(announced))
        for announced in ("dd ffffffff", "df ffffffff", "93 01 00 dd 00100000"):
            self.refused("more than 1048576 values", bytes.fromhex(announced))

    def test_a_frame_that_grows_piece_by_piece_over_the_limit_is_refused(self) -> None:
        self.refused("more than 16777216 bytes", bytes.fromhex("93 01 00 dc0020"), *[b"\xdb\x00\x10\x00\x00" + bytes(MIB)] * 17)

    def test_few_bytes_that_unfold_to_many_values_are_refused(self) -> None:
        lists = bytes.fromhex("93 01 00 dc1000") + (b"\xdc\x00\x20" + b"\x90" * 32) * 0x1000
        with mock.patch("sonm.wire.ELEMENTS_MAX", 100_000), little_memory(self, MIB):
            self.refused("more than 100000 values", lists)

    def test_values_deep_in_each_other_are_refused(self) -> None:
        self.assertEqual(len(list(FrameReader().feed(b"\x93\x01\x00" + b"\x91" * 30 + b"\xc0"))), 1)
        self.refused("32 deep", b"\x93\x01\x00" + b"\x91" * 32 + b"\xc0")

    def test_what_this_protocol_has_not_is_refused(self) -> None:
        for value in ("c1", "d4 0100", "c7 0101 00", "d8 01" + "00" * 16):
            self.refused("not MessagePack of this protocol", bytes.fromhex("93 01 00 91" + value))

    def test_every_kind_of_value_ends_where_it_ends(self) -> None:
        kinds = ("00 7f e0 ff c0 c2 c3 cc01 cd0001 ce00000001 cf0000000000000001 d001 d10001 d200000001 d30000000000000001 ca3f800000 "
                 "cb3ff0000000000000 a161 d90161 da000161 db0000000161 c40161 c5000161 c60000000161 90 9101 dc000101 dd0000000101 "
                 "80 810102 de00010102 df000000010102")
        values = [0, 127, -32, -1, None, False, True, 1, 1, 1, 1, 1, 1, 1, 1, 1.0, 1.0, *[b"a"] * 7, [], [1], [1], [1], {}, *[{1: 2}] * 3]
        frame = bytes.fromhex("93 01 00 dc 00 20" + kinds)
        for size in (1, 7, len(frame)):
            reader, twice = FrameReader(), frame + frame
            frames = [each for at in range(0, len(twice), size) for each in reader.feed(twice[at:at + size])]
            self.assertEqual([each.args for each in frames], [values, values])
            self.assertEqual(frames[0].size, len(frame))


class ChannelTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        asyncio.get_running_loop().set_debug(False)  # slow

    async def end_of(self, it: Connection) -> sonm.SonmError:
        async with asyncio.timeout(10):
            why = await it.wait_closed()
        it._task.result()
        return why

    async def test_credit_that_makes_no_sense_ends_the_connection(self) -> None:
        for amount in (b"\xff", b"\xc0", b"\xa1\x61", b"\xcf" + b"\xff" * 8):
            it = connection(b"\x93\x01\x02\x91" + amount)
            await it.open(0, (), DOWN, {0: ("value", {}), 1: ("error", {}), 2: ("credit", None)})
            self.assertIn("unreasonable credit on channel 1", str(await self.end_of(it)))

    async def test_a_stream_that_does_not_mind_its_credit_ends_the_connection(self) -> None:
        it = connection([pack_frame(1, 0, (bytes(MIB),))] * 65)
        await it.open(0, (), GRANTS, DOWN)
        self.assertIn("more than 67108864 bytes came in and were not read", str(await self.end_of(it)))

    async def test_a_plain_stream_that_is_not_read_holds_up_the_connection_whatever_its_items_are(self) -> None:
        items: dict[str, object] = {"bytes": bytes(1000), "a list": [[]] * 990}
        for word in ("write", "chunk", "something"):
            for kind, item in items.items():
                with self.subTest(word, kind=kind):
                    it = connection(pack_frame(1, 0, (item,)) * 1000)
                    channel = await it.open(0, (), {}, {0: (word, None), 2: ("close", {})})
                    await asyncio.sleep(0.01)
                    self.assertLess(len(channel._inbox), WINDOW_BYTES // 1000 + 2)
                    self.assertGreater(len(channel._inbox), 200)
                    self.assertFalse(it.closed)
                    while not it.closed:
                        await channel._next()
                    self.assertEqual(it._unread_bytes, channel._inbox_bytes)

    async def test_many_plain_streams_together_are_held_up_before_the_bound(self) -> None:
        streams = 300
        it = connection(b"".join(pack_frame(number, 0, (bytes(200_000),)) for number in range(1, streams + 1)))
        channels = [await it.open(0, (), {}, {0: ("write", None)}) for _ in range(streams)]
        await asyncio.sleep(0.05)
        self.assertFalse(it.closed)
        self.assertLess(it._unread_bytes, 34 * MIB)
        for channel in channels:
            self.assertEqual(await channel.read(), bytes(200_000))

    async def test_a_stream_whose_last_message_has_any_name_ends(self) -> None:
        it = connection(pack_frame(1, 0, (b"last",)), ends=False)
        channel = await it.open(0, (), {}, {0: ("write", {})})
        self.assertEqual([item async for item in channel], [b"last"])
        await it.close()

    async def test_an_error_in_an_unknown_form_is_an_error(self) -> None:
        for args in ((), (1,), ([1, 2], 3), ([b"a", b"b"], b"c"), ([1], b"c")):
            it = connection(pack_frame(1, 1, args))
            with self.assertRaisesRegex(sonm.ServiceError, "unknown form"):
                await (await it.open(0, (), {}, PRIMITIVE)).result()
            await it.close()

    async def test_more_calls_at_once_than_a_connection_carries_are_refused(self) -> None:
        it = connection(b"", ends=False)
        for _ in range(1024):
            await it.open(0, (), {}, PRIMITIVE)
        with self.assertRaisesRegex(sonm.SonmError, "1024 calls are under way"):
            await it.open(0, (), {}, PRIMITIVE)
        await it.close()

    async def test_a_text_that_can_be_no_host_is_an_address_that_nobody_answers_at(self) -> None:
        for host in ("a" * 70 + ".example", "a\0b", "."):
            with self.subTest(host), self.assertRaises(sonm.Disconnected):
                await connect(host, 1)


class LocatorTest(unittest.IsolatedAsyncioTestCase):
    async def resolve(self, *answer: object) -> object:
        async def reached(_: object) -> Connection:
            return connection(pack_frame(1, 0, answer))

        with mock.patch("sonm.client.connect_first", reached):
            return await sonm.Node("127.0.0.1:1").resolve("storage")

    async def test_an_answer_of_another_form_is_an_error(self) -> None:
        address = [b"127.0.0.1", 1]
        for answer in ((), (1,), ([address], b"1", {}), (b"", 1, {}), ([1], 1, {}), ([[b"h"]], 1, {}), ([[b"h", 70000]], 1, {}), ([[b"h", -1]], 1, {}),
                       ([[1, 1]], 1, {}), ([address], 1, []), ([address], 1, {0: 1}), ([address], 1, {0: [b"a", 1, {}]}),
                       ([address], 1, {b"0": [b"a", {}, {}]}), ([address], 1, {float("inf"): [b"a", {}, {}]}), ([address], 1, {-1: [b"a", {}, {}]}),
                       ([address], 1, {0: [b"a", {0: {}}, {}]}), ([address], 1, {0: [b"a", {0: [b"w"]}, {}]})):
            with self.subTest(answer), self.assertRaises(sonm.ProtocolError):
                await self.resolve(*answer)

    async def test_a_socket_of_this_machine_that_a_locator_names_is_not_gone_to(self) -> None:
        with self.assertRaisesRegex(sonm.ProtocolError, "address that is none"):
            await self.resolve([[b"unix:/run/secret", 1]], 1, {})

    async def test_of_many_addresses_only_the_first_are_kept(self) -> None:
        resolved = await self.resolve([[b"127.0.0.1", 1]] * 5000, 1, {})
        self.assertEqual(len(resolved.endpoints), 32)  # type: ignore

    def test_a_graph_of_another_form_is_an_error(self) -> None:
        self.assertEqual(parse_graph({0: [b"write", None], 2: [b"close", {}]}), {0: ("write", None), 2: ("close", {})})
        for node in (1, [], {0: b"ab"}, {0: {}}, {0: [1, {}]}, {True: [b"a", {}]}):
            with self.subTest(node), self.assertRaises(sonm.ProtocolError):
                parse_graph(node)


class WorkerTest(unittest.IsolatedAsyncioTestCase):
    async def serve(self, said: bytes) -> tuple[sonm.Worker, int, str, bytes]:
        worker = sonm.Worker(["--app", "a", "--endpoint", "e", "--uuid", "u"])

        @worker.on("take")
        async def take(request: sonm.Request, response: sonm.Response) -> None:
            async for _ in request:
                pass

        @worker.on("wait")
        async def wait(request: sonm.Request, response: sonm.Response) -> None:
            await asyncio.Event().wait()

        @worker.on("leave")
        async def leave(request: sonm.Request, response: sonm.Response) -> None:
            pass

        async def reached(_: str, stranger: object) -> Connection:
            return connection(said, stranger, ends=False)  # type: ignore

        errors = io.StringIO()
        with mock.patch("sonm.worker.connect_unix", reached), contextlib.redirect_stderr(errors):
            serving = asyncio.create_task(worker._serve())
            await asyncio.sleep(0.05)
            worker._connection._reader.feed_eof()
            worker._connection._writer.closed = True  # type: ignore
            code = await asyncio.wait_for(serving, 10)
        if not worker._connection._task.cancelled():
            worker._connection._task.result()
        return worker, code, errors.getvalue(), bytes(worker._connection._writer.said)  # type: ignore

    async def test_an_end_of_another_form_ends_the_worker_with_that_reason(self) -> None:
        for args in ((b"a",), (1, 2), ([], b"x")):
            _, code, errors, _ = await self.serve(pack_frame(1, 1, args))
            self.assertEqual(code, 1)
            self.assertIn("the end of a worker has a code and a reason", errors)
        self.assertEqual((await self.serve(pack_frame(1, 1, ())))[1], 0)

    async def test_a_heartbeat_whose_answer_waits_behind_an_unread_request_is_no_reason_to_go(self) -> None:
        upload = pack_frame(1, 0, ()) + pack_frame(2, 0, (b"wait",)) + pack_frame(2, 0, (bytes(1000),)) * 300
        with mock.patch("sonm.worker.DISOWN_SECONDS", 0.01), mock.patch("sonm.worker.HEARTBEAT_SECONDS", 0.01):
            _, _, errors, said = await self.serve(upload)
            self.assertNotIn("unanswered", errors)
            self.assertGreater(said.count(pack_frame(1, 0, ())), 1)
            self.assertIn("unanswered", (await self.serve(pack_frame(1, 0, ())))[2])

    async def test_a_chunk_that_is_not_bytes_fails_its_call(self) -> None:
        said = (await self.serve(pack_frame(2, 0, (b"take",)) + pack_frame(2, 0, (5,)) + pack_frame(3, 0, (b"leave",))))[3]
        self.assertIn(b"a chunk is bytes, this is int", said)
        self.assertIn(pack_frame(3, 2, ()), said)

    async def test_calls_that_the_node_never_closes_are_forgotten_with_what_they_hold(self) -> None:
        said = b"".join(pack_frame(number, 0, (b"leave",)) + pack_frame(number, 0, (bytes(1000),)) for number in range(2, 3000))
        with mock.patch.object(Connection, "close", autospec=True, side_effect=lambda it, why=None: asyncio.sleep(0)):
            serving = await self.serve(said)
        self.assertEqual(len(serving[0]._calls), 0)
        self.assertEqual(serving[0]._connection._unread_bytes, 0)

    async def test_calls_beyond_the_limit_are_answered_and_nothing_is_kept_of_them(self) -> None:
        seen = 0
        original = Connection.adopt

        def adopt(it: Connection, number: int, channel: sonm.Channel) -> None:
            nonlocal seen
            original(it, number, channel)
            seen = max(seen, len(it._channels))

        with mock.patch.object(Connection, "adopt", adopt):
            said = (await self.serve(b"".join(pack_frame(number, 0, (b"wait",)) for number in range(2, 1302))))[3]
        self.assertEqual(seen, 1000)
        self.assertEqual(said.count(b"more than 1000 calls at once"), 300)


if __name__ == "__main__":
    unittest.main()
