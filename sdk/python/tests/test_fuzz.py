"""Bytes that no honest node sends: a value, an error of this package or an end comes of them, soon and in little memory.

Every vector is cut off after each byte, has each byte changed, and is mutated at random; the seed is fixed, so a failure names bytes that fail
again. The other side of each connection is in memory (tests/memory.py).
"""

import asyncio
import contextlib
import gc
import io
import random
import resource
import time
import unittest
from collections.abc import Awaitable, Callable, Iterator
from unittest import mock

import msgpack
import sonm
from sonm.channel import PRIMITIVE, STREAM
from sonm.connection import Connection

from .memory import connection, vector

SEED = 20231121
MUTATIONS = 400
CPU_SECONDS_MAX = 1.0
HANG_SECONDS = 20.0
GROWTH_BYTES_MAX = 96 << 20

CREDITED_IN = {0: ("write", None), 1: ("error", {}), 2: ("close", {})}
CREDITED_OUT = {0: ("credit", None), 1: ("cancel", {})}
UP_IN = {0: ("value", {}), 1: ("error", {}), 2: ("credit", None)}

#: What the called side says on channels 1, 2, ... and how the caller has opened them.
STREAMS = {"client.txt": {6}, "app.txt": {1, 2}}
GRAPH = {0: [b"read", {}, {0: [b"value", {}], 1: [b"error", {}]}], 1: [b"enqueue", {0: [b"write", None]}, {0: [b"write", None], 2: [b"close", {}]}]}
ANSWERS = [
    [[1, 0, [[[b"127.0.0.1", 10053]], 1, GRAPH]], [1, 0, [1]], [2, 0, [b"value"]]],
    [[1, 0, [[[b"::1", 10054], [b"node.example.org", 10055]], 1, GRAPH]]],
]


def packed(frames: list[object]) -> bytes:
    return b"".join(msgpack.packb(frame, use_bin_type=False) for frame in frames)


def variations(seed: bytes, dice: random.Random) -> Iterator[bytes]:
    """The bytes themselves, cut off after each, with each changed, and with several changes at random."""
    yield seed
    for at in range(len(seed)):
        yield seed[:at]
        yield seed[:at] + bytes([seed[at] ^ 0xFF]) + seed[at + 1:]
        yield seed[:at] + bytes([dice.choice(BYTES)]) + seed[at + 1:]
    for _ in range(MUTATIONS):
        it = bytearray(seed)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(it) + 1)
            other = dice.randrange(len(it) + 1)
            match dice.randrange(4):
                case 0:
                    it[at:at + 1] = bytes([dice.choice(BYTES)])
                case 1:
                    it[at:at] = dice.choice(PIECES)
                case 2:
                    it[at:at + dice.randint(1, 8)] = dice.choice(PIECES)
                case _:
                    it[at:at] = it[other:other + dice.randint(1, 32)]
        yield bytes(it)


#: Every first byte there is, those that begin something longer more often.
BYTES = bytes(range(256)) + bytes(range(0xC0, 0xE0)) * 4
#: Values where others are expected, and sizes that do not come.
PIECES = [
    b"", b"\xc0", b"\xc3", b"\xff", b"\x90", b"\x80", b"\xcb\x7f\xf0" + bytes(6), b"\xcb\x7f\xf8" + bytes(6), b"\xcf" + b"\xff" * 8,
    b"\xd3\x80" + bytes(7), b"\xd3" + b"\xff" * 8, b"\xdb\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff",
    b"\xdd\x00\xff\xff\xff", b"\x81\x90\x00", b"\x92\x01\x02", b"\xa1\x00", b"\xa2\xff\xfe", b"\xd4\x01\x00", b"\xc7\x01\x01\x00", b"\x91" * 40,
]


class FuzzTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.stray: list[dict[str, object]] = []
        loop = asyncio.get_running_loop()
        loop.set_debug(False)  # slow, and these are many
        loop.set_exception_handler(lambda _, what: self.stray.append(what))

    async def survive(self, case: Callable[[bytes], Awaitable[int]], seeds: dict[str, bytes]) -> None:
        """Runs `case`, which says how many values it was given, with every variation of each seed, and gets some of the seed itself.

        An error of this package is an answer; any other fails the test.
        """
        dice = random.Random(SEED)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for name, seed in seeds.items():
            for said in variations(seed, dice):
                began = time.process_time()
                try:
                    async with asyncio.timeout(HANG_SECONDS):
                        values = await case(said)
                    self.assertTrue(values or said != seed, "the seed itself should give something")
                except sonm.SonmError:
                    pass
                except Exception as error:
                    raise AssertionError(f"{name}, {said.hex(' ')}: {error!r}") from error
                if self.stray:
                    raise AssertionError(f"{name}, {said.hex(' ')}: {self.stray[0]}") from self.stray[0].get("exception")  # type: ignore
                self.assertLess(time.process_time() - began, CPU_SECONDS_MAX, said.hex(" "))
        gc.collect()  # tasks that have failed unseen say so now
        await asyncio.sleep(0)
        self.assertEqual(self.stray, [])
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertLess(grown * 1024, GROWTH_BYTES_MAX)

    async def use(self, it: Connection, channels: list[sonm.Channel]) -> int:
        """Reads every channel to its end and writes where that is possible; how many values came."""

        async def one(channel: sonm.Channel) -> int:
            values = 0
            with contextlib.suppress(sonm.SonmError):
                async for _ in channel:
                    values += 1
            with contextlib.suppress(sonm.SonmError):
                await channel.close()
            return values

        for channel in channels:
            if channel._can("write"):
                await channel.write(b"x")  # before the first byte is read
        values = sum(await asyncio.gather(*map(one, channels)))
        await it.wait_closed()
        it._task.result()
        return values

    async def test_what_a_called_side_says_on_calls_and_streams(self) -> None:
        for name in ("client.txt", "storage.txt", "locator.txt", "app.txt"):
            async def case(said: bytes) -> int:
                it = connection(said)
                graphs = [STREAM if number in STREAMS.get(name, ()) else PRIMITIVE for number in range(1, 11)]
                return await self.use(it, [await it.open(0, (), {} if graph is PRIMITIVE else graph, graph) for graph in graphs])

            await self.survive(case, {name: vector(name, "<")})

    async def test_what_a_called_side_says_on_streams_with_credit(self) -> None:
        async def case(said: bytes) -> int:
            it = connection(said)
            both = STREAM | {3: ("credit", None)}
            graphs = [(CREDITED_OUT, CREDITED_IN), (CREDITED_IN, UP_IN), (both, both)]
            return await self.use(it, [await it.open(0, (), *pair) for pair in graphs])

        chunk = b"c" * 100
        await self.survive(case, {"credit": packed(
            [[1, 0, [chunk]], [2, 2, [300_000]], [2, 0, [b"done"]], [3, 3, [65536]], [3, 0, [chunk]], [1, 2, []], [3, 2, []]])})

    async def test_what_a_node_says_when_a_service_is_looked_up_and_called(self) -> None:
        async def case(said: bytes) -> int:
            async def reached(endpoints: list[tuple[str, int]]) -> Connection:
                for host, port in endpoints:
                    self.assertIsInstance(host, str)
                    self.assertTrue(host.startswith("unix:") or 0 < port < 65536, (host, port))
                return connection(said)

            with mock.patch("sonm.client.connect_first", reached):
                async with sonm.Node("127.0.0.1:10053") as node:
                    service = node.service("storage")
                    methods = await service.methods()
                    for method in methods:
                        found = await service.call(method, b"a")
                        if isinstance(found, sonm.Channel):
                            await self.use(found._connection, [found])
                    return len(methods)

        await self.survive(case, {f"answer {i}": packed(frames) for i, frames in enumerate(ANSWERS)})

    async def test_what_a_node_says_to_an_app_worker(self) -> None:
        errors = io.StringIO()

        async def case(said: bytes) -> int:
            made: list[Connection] = []

            async def reached(_: str, stranger: object) -> Connection:
                made.append(connection(said, stranger))  # type: ignore
                return made[0]

            worker = sonm.Worker(["--app", "a", "--endpoint", "e", "--uuid", "u"])

            @worker.on("")
            async def echo(request: sonm.Request, response: sonm.Response) -> None:
                async for chunk in request:
                    self.assertIsInstance(chunk, bytes)
                    await response.write(chunk)

            with mock.patch("sonm.worker.connect_unix", reached), contextlib.redirect_stderr(errors):
                await worker._serve()
            made[0]._task.result()
            return len(made[0]._writer.said)  # type: ignore

        seeds = {name: vector(name, "<") for name in ("worker.txt", "worker_error.txt")}
        await self.survive(case, seeds | {"two": packed([[2, 0, [b"a"]], [3, 0, [b"b"]], [2, 1, [[42, 1], b"gone"]], [3, 2, []], [1, 1, [0, b"x"]]])})
        self.assertNotIn("Traceback", errors.getvalue())


if __name__ == "__main__":
    unittest.main()
