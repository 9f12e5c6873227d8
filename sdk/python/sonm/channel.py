"""One call on a connection: what may be sent and what may come is read off the graph that the node gives out."""

import asyncio
import reprlib
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from .errors import Disconnected, ProtocolError, ServiceError, SonmError
from .wire import ITEM_OVERHEAD_BYTES, WINDOW_BYTES, Frame, item_cost

if TYPE_CHECKING:
    from .connection import Connection

#: A state of one direction: {number: (name, next state)}; None as next keeps the state, {} closes the direction.
Graph = dict[int, tuple[str, Any]]

PRIMITIVE: Graph = {0: ("value", {}), 1: ("error", {})}
STREAM: Graph = {0: ("write", None), 1: ("error", {}), 2: ("close", {})}
#: Nobody needs more credit than this.
CREDIT_MAX = 1 << 30


def parse_graph(node: Any) -> Graph | None:
    """What `resolve` says about one direction. Errors: ProtocolError."""
    if node is None:
        return None
    try:
        return {_number(number): (_text(name), parse_graph(following)) for number, (name, following, *_) in node.items()}
    except (AttributeError, TypeError, ValueError):
        raise ProtocolError("the node describes a service in a form that is not understood") from None


def parse_methods(root: Any) -> dict[str, tuple[int, Graph, Graph]]:
    """Methods by name: number, what the caller may send, what comes back. Errors: ProtocolError."""
    try:
        return {
            _text(name): (_number(number), parse_graph(tx) or {}, parse_graph(rx) or {})
            for number, (name, tx, rx, *_) in root.items()
        }
    except (AttributeError, TypeError, ValueError):
        raise ProtocolError("the node describes a service in a form that is not understood") from None


def error_of(args: list[Any]) -> ServiceError:
    """The error that a message `error` carries."""
    match args:
        case [[int(category), int(code)], bytes(reason), *_]:
            return ServiceError(category, code, _text(reason))
        case [[int(category), int(code)]]:
            return ServiceError(category, code, "no reason given")
        case _:
            return ServiceError(255, 0, f"an error in an unknown form: {reprlib.repr(args)}")


class Channel:
    """A call under way. One task reads it, one writes it; both sides end on their own."""

    def __init__(self, connection: "Connection", number: int, tx: Graph, rx: Graph):
        self._connection, self.number = connection, number
        self._tx, self._rx = tx, rx
        self._inbox: deque[tuple[str, list[Any], int]] = deque()
        self._inbox_bytes = 0
        self._dropped = False
        self._changed = asyncio.Condition()
        self._failure: SonmError | None = None
        self._grants = any(name == "credit" for name, _ in tx.values())
        self._credit = WINDOW_BYTES if any(name == "credit" for name, _ in rx.values()) and self._can("write") else None
        self._consumed = 0
        self._ended_in = self._ended_out = False

    # For the program

    async def write(self, *item: Any) -> None:
        """Sends one item; waits while the reader is behind. Errors: Disconnected, ServiceError (the call has failed)."""
        cost = item_cost(item) if self._credit is not None else 0
        if self._credit is not None:
            async with self._changed:
                await self._changed.wait_for(lambda: self._credit > 0 or self._failure or self._ended_in)
            self._credit -= cost
        await self._send("write", item)

    async def close(self) -> None:
        """Says that nothing more will be written; on a stream that is only read, that no more is wanted. May be repeated."""
        if self._ended_out or self._failure:
            return
        for word in ("close", "cancel", "discard"):
            if self._can(word):
                self._ended_out = True
                await self._send(word, ())
                break
        await self._end_if_due()

    async def error(self, category: int, code: int, reason: str) -> None:
        """Ends this side with a failure."""
        if not self._ended_out and not self._failure and self._can("error"):
            self._ended_out = True
            await self._send("error", ([category, code], reason))

    async def read(self) -> Any:
        """The next item; None once the other side has ended the stream well. Errors: ServiceError, Disconnected."""
        while True:
            if (message := await self._next()) is None:
                return None
            name, args = message
            if name == "error":
                raise error_of(args)
            if name in ("close", "choke"):
                return None
            if name in ("value", "write", "chunk"):
                return args[0] if len(args) == 1 else tuple(args)

    async def result(self) -> Any:
        """The one value that a call or an upload is answered with: None, a value, or a tuple; what this side writes is over."""
        if self._can("write"):
            await self.close()
        if (message := await self._next()) is None:
            raise ProtocolError("the call ended without a value")
        name, args = message
        if name == "error":
            raise error_of(args)
        return None if not args else args[0] if len(args) == 1 else tuple(args)

    async def __aiter__(self) -> AsyncIterator[Any]:
        while (item := await self.read()) is not None:
            yield item

    async def __aenter__(self) -> "Channel":
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        """Closes this side, and drops what was not read: but an upload's one answer can be had afterwards."""
        if kind is not None or not any(name == "value" for name, _ in self._rx.values()):
            self.release()
        async with self._changed:
            self._changed.notify_all()
        if not self._connection.closed:
            await self.close()

    def __del__(self) -> None:
        if self._inbox_bytes:  # let go unread
            self._connection.count_unread_later(-self._inbox_bytes)

    # For the connection

    async def deliver(self, frame: Frame) -> None:
        """Takes what came in. Waits while a plain stream is not read, and so holds up the connection: its only brake.

        Errors: ProtocolError, which ends the connection.
        """
        if frame.type not in self._rx:
            raise ProtocolError(f"message {frame.type} does not belong to the state of channel {self.number}")
        name, following = self._rx[frame.type]
        if following is not None:
            self._rx = following
        last = self.over() or name in ("value", "error", "close", "choke")
        if name == "credit":
            self._take_credit(frame.args)
        elif name != "end":
            if not self._grants and not last:
                await self._connection.wait_while(
                    lambda: not self._dropped and (self._connection.crowded or self._inbox_bytes >= WINDOW_BYTES))
            if not self._dropped:
                cost = frame.size + ITEM_OVERHEAD_BYTES
                self._connection.count_unread(cost)
                self._inbox_bytes += cost
                self._inbox.append((name, frame.args, cost))
        async with self._changed:
            self._ended_in = self._ended_in or last
            self._changed.notify_all()
        if self._ended_in:
            await self._end_if_due()

    def release(self) -> None:
        """Nobody reads this call any more: what has come for it goes, and so does what comes."""
        self._dropped = True
        self._inbox.clear()
        unread, self._inbox_bytes = self._inbox_bytes, 0
        self._connection.count_unread(-unread)

    def forget(self) -> None:
        """This call is over on this side, whatever the other side says of it."""
        self._connection.forget(self)
        self.release()

    def over(self) -> bool:
        """Nothing more can come in."""
        return self._rx == {}

    async def fail(self, failure: SonmError) -> None:
        self._failure = self._failure or failure
        async with self._changed:
            self._changed.notify_all()

    # Within

    def _can(self, name: str) -> bool:
        return any(known == name for known, _ in self._tx.values())

    async def _send(self, name: str, args: Any) -> None:
        if self._failure:
            raise self._failure
        for number, (known, following) in self._tx.items():
            if known == name:
                if following is not None:
                    self._tx = following
                await self._connection.send(self.number, number, args)
                return
        if self._ended_in and (last := self._inbox) and last[-1][0] == "error":
            raise error_of(last[-1][1])
        raise ProtocolError(f"'{name}' cannot be sent on this channel now: it is closed in this direction")

    async def _next(self) -> tuple[str, list[Any]] | None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._inbox or self._failure or self._ended_in or self._dropped)
            if not self._inbox:
                if self._dropped:
                    raise SonmError("the call is over")
                if self._ended_in:
                    return None
                raise self._failure or Disconnected("the connection is gone")
            name, args, cost = self._inbox.popleft()
            self._inbox_bytes -= cost
            self._connection.count_unread(-cost)
        if self._grants and name == "write":
            self._consumed += item_cost(args)
            if self._consumed >= WINDOW_BYTES // 2 and self._can("credit") and not self._ended_in:
                granted, self._consumed = self._consumed, 0
                try:
                    await self._send("credit", (granted,))
                except BaseException:  # cancelled on a full socket: it is said, but the item has no reader yet
                    self._consumed -= item_cost(args)
                    self._inbox.appendleft((name, args, cost))
                    self._inbox_bytes += cost
                    self._connection.count_unread(cost)
                    raise
        return name, args

    async def grant_window(self) -> None:
        """On streams with credit: lets the other side send a window's worth, so that a slow reader bounds what is under way."""
        if self._grants and self._can("credit"):
            await self._send("credit", (WINDOW_BYTES,))

    def _take_credit(self, args: list[Any]) -> None:
        match args:
            case [int(amount), *_] if 0 <= amount <= CREDIT_MAX and (self._credit or 0) <= CREDIT_MAX:
                if self._credit is not None:
                    self._credit += amount
            case _:
                raise ProtocolError(f"unreasonable credit on channel {self.number}: {reprlib.repr(args)}")

    async def _end_if_due(self) -> None:
        if self._ended_in and self._ended_out and self._can("end"):
            await self._send("end", ())


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    raise ValueError("no text")


def _number(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("no number")
