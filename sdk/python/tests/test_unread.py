"""What came in and is not read: calls that are over hold nothing of it, and a stream that nobody reads does not hold up its connection for ever."""

import asyncio
import gc
import unittest
from unittest import mock

import sonm
from sonm.channel import PRIMITIVE, STREAM, Graph
from sonm.client import Resolved
from sonm.connection import Connection
from sonm.wire import WINDOW_BYTES, pack_frame

from .memory import connection

MIB = 1 << 20
PLAIN: Graph = {0: ("write", None), 1: ("error", {}), 2: ("close", {})}
GRANTS: Graph = {0: ("credit", None), 1: ("cancel", {})}


class UnreadTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        asyncio.get_running_loop().set_debug(False)  # slow
        self.it = connection(b"", ends=False)
        self.addAsyncCleanup(self.it.close)

    async def say(self, *frames: bytes) -> None:
        """The other side says so, and this side has taken notice."""
        self.it._reader.feed_data(b"".join(frames))
        for _ in range(50):
            await asyncio.sleep(0)

    async def collected(self) -> None:
        gc.collect()
        await asyncio.sleep(0.001)

    def service(self) -> sonm.Service:
        async def reach(_: str) -> tuple[Resolved, Connection]:
            return Resolved([], 1, {"get": (0, {}, PRIMITIVE)}), self.it

        node = sonm.Node("127.0.0.1:1")
        node.reach = reach  # type: ignore[method-assign]
        return node.service("storage")

    async def still_works(self) -> None:
        channel = await self.it.open(0, (), {}, PLAIN)
        await self.say(pack_frame(channel.number, 0, (b"item",)))
        self.assertEqual(await asyncio.wait_for(channel.read(), 5), b"item")

    async def test_calls_that_their_callers_give_up_hold_nothing_of_their_late_answers(self) -> None:
        storage = self.service()
        for number in range(1, 41):
            calling = asyncio.create_task(storage.get())
            await self.say()
            calling.cancel()
            await asyncio.wait([calling])
            await self.say(pack_frame(number, 0, (bytes(MIB),)))
        self.assertEqual((self.it._unread_bytes, len(self.it._channels)), (0, 0))
        await self.still_works()

    async def test_a_stream_that_is_left_early_holds_nothing_and_what_still_comes_is_dropped(self) -> None:
        for rx, tx in ((PLAIN, {}), (STREAM, STREAM), (PLAIN, GRANTS)):
            async with await self.it.open(0, (), tx, rx) as channel:
                await self.say(pack_frame(channel.number, 0, (bytes(1000),)) * 2)
                await channel.read()
                self.assertGreater(self.it._unread_bytes, 1000)
            self.assertEqual(self.it._unread_bytes, 0)
            await self.say(pack_frame(channel.number, 0, (bytes(1000),)), pack_frame(channel.number, 2, ()))
            self.assertEqual((self.it._unread_bytes, len(self.it._channels)), (0, 0))
            with self.assertRaisesRegex(sonm.SonmError, "the call is over"):
                await channel.read()

    async def test_the_one_answer_of_an_upload_that_is_left_well_can_be_had(self) -> None:
        async with await self.it.open(0, (), STREAM, PRIMITIVE) as upload:
            await upload.write(b"piece")
        await self.say(pack_frame(upload.number, 0, (b"stored",)))
        self.assertEqual(await upload.result(), b"stored")
        with self.assertRaises(ZeroDivisionError):
            async with await self.it.open(0, (), STREAM, PRIMITIVE) as upload:
                raise ZeroDivisionError
        await self.say(pack_frame(upload.number, 0, (bytes(1000),)))
        self.assertEqual((self.it._unread_bytes, len(self.it._channels)), (0, 0))

    async def test_who_waits_for_an_item_of_a_stream_that_is_left_is_told(self) -> None:
        async with await self.it.open(0, (), {}, PLAIN) as channel:
            waiting = asyncio.create_task(channel.read())
            await asyncio.sleep(0)
        with self.assertRaisesRegex(sonm.SonmError, "the call is over"):
            await asyncio.wait_for(waiting, 5)

    async def test_leaving_a_plain_stream_that_holds_up_the_connection_lets_it_go_on(self) -> None:
        async with await self.it.open(0, (), {}, PLAIN) as channel:
            await self.say(pack_frame(channel.number, 0, (bytes(1000),)) * 500)
            self.assertTrue(self.it.held_up)
        await self.say()
        self.assertEqual((self.it._unread_bytes, self.it.held_up), (0, False))
        await self.still_works()

    async def test_a_call_that_is_let_go_holds_nothing_once_its_last_word_has_come(self) -> None:
        for _ in range(3):
            channel = await self.it.open(0, (), STREAM, STREAM)
            await self.say(pack_frame(channel.number, 0, (b"first",)))
            self.assertEqual(await channel.read(), b"first")
            await self.say(pack_frame(channel.number, 0, (bytes(1000),)), pack_frame(channel.number, 2, ()))
            self.assertGreater(self.it._unread_bytes, 1000)
            del channel
            await self.collected()
            self.assertEqual(self.it._unread_bytes, 0)

    async def test_a_call_that_is_cancelled_while_it_is_sent_holds_nothing(self) -> None:
        async def full() -> None:
            await asyncio.Event().wait()

        with mock.patch.object(self.it._writer, "drain", full):
            opening = asyncio.create_task(self.it.open(0, (), {}, PRIMITIVE))
            await asyncio.sleep(0)
            await self.say(pack_frame(1, 0, (bytes(1000),)))
            self.assertGreater(self.it._unread_bytes, 1000)
            opening.cancel()
            await asyncio.wait([opening])
        self.assertEqual(self.it._unread_bytes, 0)

    async def test_a_read_that_is_cancelled_while_it_grants_credit_loses_no_item(self) -> None:
        async def full() -> None:
            await asyncio.Event().wait()

        channel = await self.it.open(0, (), {**GRANTS}, {**PLAIN})
        await self.say(pack_frame(1, 0, (bytes(WINDOW_BYTES // 2),)), pack_frame(1, 0, (b"next",)))
        with mock.patch.object(self.it._writer, "drain", full):
            reading = asyncio.create_task(channel.read())
            await self.say()
            reading.cancel()
            await asyncio.wait([reading])
        said = len(self.it._writer.said)
        self.assertEqual(await channel.read(), bytes(WINDOW_BYTES // 2))
        self.assertEqual(await channel.read(), b"next")
        self.assertEqual(len(self.it._writer.said), said, "granted once")

    async def test_a_plain_stream_that_is_never_read_ends_its_connection_with_the_reason(self) -> None:
        with mock.patch("sonm.connection.STALL_SECONDS", 0.05):
            channel = await self.it.open(0, (), {}, PLAIN)
            call = await self.it.open(0, (), {}, PRIMITIVE)
            await self.say(pack_frame(channel.number, 0, (bytes(1000),)) * 300)
            with self.assertRaisesRegex(sonm.Disconnected, "^what came on a stream was not read within 0.05 s"):
                await asyncio.wait_for(call.result(), 5)
        self.assertTrue(self.it.closed)
        self.assertLess(channel._inbox_bytes, WINDOW_BYTES + 2000)
        self.assertEqual(await channel.read(), bytes(1000), "what came before can be read")


if __name__ == "__main__":
    unittest.main()
