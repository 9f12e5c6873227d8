"""An app worker: a process that a node starts to serve an application's events."""

import argparse
import asyncio
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from .channel import STREAM, Channel
from .client import Node
from .connection import Connection, connect_unix
from .errors import Disconnected, ProtocolError, ServiceError, SonmError
from .wire import Frame

HEARTBEAT_SECONDS = 20.0
DISOWN_SECONDS = 5.0
CALLS_MAX = 1000

UNCAUGHT, NO_HANDLER, TOO_MANY = 100, 200, 210
CATEGORY = 42


class Request:
    """What the client sends: chunks, then an end. `async for chunk in request`, or one by one."""

    def __init__(self, event: str, channel: Channel):
        self.event, self._channel = event, channel

    async def read(self) -> bytes | None:
        """The next chunk; None at the end. Errors: ServiceError (the client gave up or vanished), ProtocolError (no chunk)."""
        chunk = await self._channel.read()
        if chunk is None or isinstance(chunk, bytes):
            return chunk
        raise ProtocolError(f"a chunk is bytes, this is {type(chunk).__name__}")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self.read()) is not None:
            yield chunk


class Response:
    """What goes to the client. It is closed when the handler returns."""

    def __init__(self, channel: Channel):
        self._channel = channel

    async def write(self, chunk: bytes | str) -> None:
        await self._channel.write(chunk)

    async def close(self) -> None:
        await self._channel.close()

    async def error(self, code: int, reason: str, category: int = CATEGORY) -> None:
        """Ends the call with a failure of the application's own."""
        await self._channel.error(category, code, reason)


Handler = Callable[[Request, Response], Awaitable[Any]]


class Worker:
    """Serves events until the node ends it.

        worker = Worker()

        @worker.on("ping")
        async def ping(request, response):
            await response.write(b"pong:" + await request.read())

        worker.run()
    """

    def __init__(self, argv: list[str] | None = None):
        parser = argparse.ArgumentParser(description="an app worker; a node starts it")
        parser.add_argument("--app", required=True, help="name of the application")
        parser.add_argument("--endpoint", required=True, help="unix socket of the node")
        parser.add_argument("--locator", default="", help="the node's locator: host:port[,host:port...]")
        parser.add_argument("--protocol", type=int, default=1, help="version of the worker protocol")
        parser.add_argument("--uuid", required=True, help="what the node calls this worker")
        self._args = parser.parse_known_args(argv)[0]
        if self._args.protocol != 1:
            parser.error(f"protocol {self._args.protocol} is not spoken, only 1")
        self.app: str = self._args.app
        # A node tells workers without a network where they find it in SONM_NODE.
        self.node = Node(os.environ.get("SONM_NODE") or self._args.locator or None)
        self._handlers: dict[str, Handler] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._connection: Connection
        self._last_channel = 1
        self._answered = asyncio.Event()

    def on(self, event: str, handler: Handler | None = None) -> Any:
        """Binds a handler, `async def handler(request, response)`; also as a decorator."""
        if handler is None:
            return lambda function: self.on(event, function)
        self._handlers[event] = handler
        return handler

    def service(self, name: str) -> Any:
        """A service of the node that started this worker."""
        return self.node.service(name)

    def run(self) -> None:
        """Serves; returns never. Exit code 0 when the node ends the worker, 1 when the connection is lost."""
        sys.exit(asyncio.run(self._serve()))

    async def _serve(self) -> int:
        self._connection = await connect_unix(self._args.endpoint, self._take)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._ask_to_end)
        await self._connection.send(1, 0, (self._args.uuid,))
        heart = asyncio.create_task(self._beat(), name="heartbeat")
        why = await self._connection.wait_closed()
        heart.cancel()
        for call in self._calls:
            call.cancel()
        await self.node.close()
        if isinstance(why, _Ended):
            return 0
        print(f"sonm worker: {why}", file=sys.stderr)
        return 1

    async def _beat(self) -> None:
        while True:
            self._answered.clear()
            held_up = self._connection.held_up
            try:
                async with asyncio.timeout(DISOWN_SECONDS):
                    await self._connection.send(1, 0, ())
                    await self._answered.wait()
            except Disconnected as error:
                await self._connection.close(error)
                return
            except TimeoutError:
                if held_up or self._connection.held_up:  # the answer waits behind a request that its handler has not read yet
                    continue
                await self._connection.close(SonmError(f"the node left a heartbeat unanswered for {DISOWN_SECONDS:g} s"))
                return
            await asyncio.sleep(HEARTBEAT_SECONDS)

    def _ask_to_end(self) -> None:
        asyncio.create_task(self._end(0, "asked by a signal"))

    async def _end(self, code: int, reason: str) -> None:
        try:
            await self._connection.send(1, 1, (code, reason))
        except SonmError:
            pass
        await self._connection.close(_Ended(reason))

    async def _take(self, frame: Frame) -> None:
        """A frame on channel 1, which is the runtime's own, or on a channel that is not open."""
        if frame.channel == 1:
            if frame.type == 0:
                self._answered.set()
            elif frame.type != 1:
                raise ProtocolError(f"message {frame.type} does not belong to channel 1")
            else:
                match frame.args:
                    case [int(code), bytes(reason), *_]:
                        await self._end(code, reason.decode(errors="replace"))
                    case [] | [int()]:
                        await self._end(0, "")
                    case _:
                        raise ProtocolError("the end of a worker has a code and a reason")
        elif frame.channel > self._last_channel:
            self._last_channel = frame.channel
            if frame.type != 0 or not frame.args or not isinstance(frame.args[0], bytes):
                raise ProtocolError("a call begins with the name of an event")
            await self._begin(frame.channel, frame.args[0].decode(errors="replace"))
        # else: late frames of a call that this side has given up

    async def _begin(self, number: int, event: str) -> None:
        if len(self._calls) >= CALLS_MAX:
            await self._connection.send(number, 1, ([CATEGORY, TOO_MANY], f"more than {CALLS_MAX} calls at once"))
            return
        channel = Channel(self._connection, number, STREAM, STREAM)
        self._connection.adopt(number, channel)
        call = asyncio.create_task(self._call(event, channel), name=f"{event} {number}")
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, event: str, channel: Channel) -> None:
        try:
            handler = self._handlers.get(event) or self._handlers.get("")
            if handler is None:
                await channel.error(CATEGORY, NO_HANDLER, f"no handler for event '{event}'")
            else:
                await handler(Request(event, channel), Response(channel))
                await channel.close()
        except ServiceError as error:
            await self._fail(channel, error.category, error.code, error.reason)
        except SonmError as error:
            await self._fail(channel, CATEGORY, UNCAUGHT, str(error))
        except Exception as error:  # a handler's defect is its caller's error, not the worker's end
            traceback.print_exc()
            await self._fail(channel, CATEGORY, UNCAUGHT, f"{type(error).__name__}: {error}")
        finally:
            channel.forget()
            await channel.fail(SonmError("the call is over"))

    async def _fail(self, channel: Channel, category: int, code: int, reason: str) -> None:
        try:
            await channel.error(category, code, reason)
        except SonmError:
            pass  # the connection is gone, and so is whoever waits


class _Ended(SonmError):
    """The node, or a signal, has ended the worker in order."""
