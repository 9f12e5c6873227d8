"""One connection: many channels, one reader."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from .channel import Channel, Graph
from .errors import Disconnected, ProtocolError, SonmError
from .wire import Frame, FrameReader, pack_frame

#: What may have come in before the program takes it, all channels of a connection together.
INBOUND_BYTES_MAX = 64 << 20
#: Calls and streams of this side at once on a connection.
CHANNELS_MAX = 1024
#: How long a stream without credit that the program does not read may hold up its connection.
STALL_SECONDS = 30.0

#: Decides about a frame of a channel that this side does not know; False: drop it.
Stranger = Callable[[Frame], Awaitable[None]]


class Connection:
    """Frames both ways over one socket. Made by `connect`; belongs to one event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stranger: Stranger | None = None):
        self._reader, self._writer, self._stranger = reader, writer, stranger
        self._channels: dict[int, Channel] = {}
        self._channel_max = 0
        self._unread_bytes = 0
        self._room = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.held_up = False  #: nothing is read now, because the program does not read its streams
        self._failure: SonmError | None = None
        self._task = asyncio.create_task(self._read(), name="sonm connection")

    @property
    def closed(self) -> bool:
        return self._failure is not None

    @property
    def peer(self) -> tuple[str, int]:
        """Whom it leads to: (host, port), or ("unix:/path", 0)."""
        name = self._writer.get_extra_info("peername")
        if name is None:
            raise Disconnected("the connection was lost as soon as it was made")
        return ("unix:" + name, 0) if isinstance(name, str) else (name[0], name[1])

    async def open(self, method: int, args: Any, tx: Graph, rx: Graph, headers: dict[str, bytes] | None = None) -> Channel:
        """Begins a call. Errors: Disconnected; SonmError (too many calls); TypeError, for an argument that has no form on the wire."""
        if len(self._channels) >= CHANNELS_MAX:
            raise SonmError(f"{CHANNELS_MAX} calls are under way on this connection")
        self._channel_max += 1
        number = self._channel_max
        channel = Channel(self, number, tx, rx)
        if rx:
            self._channels[number] = channel
        try:
            await self.send(number, method, args, headers)
            await channel.grant_window()
        except BaseException:
            channel.forget()
            raise
        return channel

    def adopt(self, number: int, channel: Channel) -> None:
        """Frames of this channel, which the other side has opened, go to `channel` from now on."""
        self._channels[number] = channel
        self._channel_max = max(self._channel_max, number)

    def forget(self, channel: Channel) -> None:
        """Late frames of that channel are dropped from now on."""
        if self._channels.get(channel.number) is channel:
            del self._channels[channel.number]

    def count_unread(self, more: int) -> None:
        """Counts what came in; below 0: what the program has taken. Errors: ProtocolError, when it is too much."""
        self._unread_bytes += more
        if more <= 0:
            self._room.set()
        elif self._unread_bytes > INBOUND_BYTES_MAX:
            raise ProtocolError(f"more than {INBOUND_BYTES_MAX} bytes came in and were not read")

    def count_unread_later(self, more: int) -> None:
        """As `count_unread`, from any thread: objects are collected in any."""
        with contextlib.suppress(RuntimeError):  # the loop is closed, and nothing comes in any more
            self._loop.call_soon_threadsafe(self.count_unread, more)

    @property
    def crowded(self) -> bool:
        """All that came in and was not read is much."""
        return self._unread_bytes > INBOUND_BYTES_MAX // 2

    async def wait_while(self, full: Callable[[], bool]) -> None:
        """Waits, and so reads nothing more, until the program has read. For the reader itself. Errors: Disconnected, when it never does."""
        if not full():
            return
        try:
            async with asyncio.timeout(STALL_SECONDS):
                while not self._failure and full():
                    self.held_up = True
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            if full():
                raise Disconnected(f"what came on a stream was not read within {STALL_SECONDS:g} s, and held up the connection") from None
        finally:
            self.held_up = False

    async def send(self, channel: int, message: int, args: Any, headers: dict[str, bytes] | None = None) -> None:
        """Sends one frame; waits while the socket is full. Errors: Disconnected."""
        if self._failure:
            raise self._failure
        self._writer.write(pack_frame(channel, message, args, headers))
        try:
            await self._writer.drain()
        except OSError as error:
            raise Disconnected(f"the connection was lost: {error}") from None

    async def close(self, failure: SonmError | None = None) -> None:
        """Ends the connection; calls under way fail. May be repeated."""
        await self._end(failure or Disconnected("the connection was closed"))
        if self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def wait_closed(self) -> SonmError:
        """Waits for the end of the connection and says why it came."""
        await asyncio.wait([self._task])
        return self._failure or Disconnected("the connection was closed")

    async def _read(self) -> None:
        frames = FrameReader()
        failure: SonmError = Disconnected("the other side closed the connection")
        try:
            while data := await self._reader.read(1 << 16):
                for frame in frames.feed(data):
                    await self._dispatch(frame)
        except SonmError as error:  # first: some are OSErrors, too
            failure = error
        except OSError as error:
            failure = Disconnected(f"the connection was lost: {error}")
        finally:
            await self._end(failure)

    async def _dispatch(self, frame: Frame) -> None:
        channel = self._channels.get(frame.channel)
        if channel:
            await channel.deliver(frame)
            if channel.over():
                self._channels.pop(frame.channel, None)
        elif self._stranger:
            await self._stranger(frame)
        elif frame.channel > self._channel_max:
            raise ProtocolError(f"the node opened channel {frame.channel}, which a client does not serve")

    async def _end(self, failure: SonmError) -> None:
        if self._failure is None:
            self._failure = failure
            self._room.set()
            self._writer.close()
            for channel in self._channels.values():
                await channel.fail(failure)
            self._channels.clear()


async def connect(host: str, port: int, stranger: Stranger | None = None) -> Connection:
    """Over TCP. Errors: Disconnected. Give it a deadline with asyncio.timeout."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        raise Disconnected(f"cannot connect to {host}:{port}: {error.strerror or error}") from None
    except ValueError as error:  # a text that can be no host's name
        raise Disconnected(f"cannot connect to {host!r}:{port}: {error}") from None
    return Connection(reader, writer, stranger)


async def connect_unix(path: str, stranger: Stranger | None = None) -> Connection:
    """Over a unix socket. Errors: Disconnected."""
    try:
        reader, writer = await asyncio.open_unix_connection(path)
    except OSError as error:
        raise Disconnected(f"cannot connect to {path}: {error.strerror or error}") from None
    return Connection(reader, writer, stranger)
