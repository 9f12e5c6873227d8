"""Frames: [channel, type, arguments] or the same with headers, each a MessagePack array in the dialect that knows raw only.

Source: docs/protocol/slave.md, "Frames" and "Limits". Strings and blobs are sent as raw (never str8 or bin), and come back as bytes.
"""

import reprlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgpack

from .errors import ProtocolError

FRAME_BYTES_MAX = 16 << 20
#: Values in one frame, and how deep they lie in each other: few bytes must not unfold to much memory.
ELEMENTS_MAX = 1 << 20
DEPTH_MAX = 32
#: What a sender may have under way on a credited stream before the first grant, and what an item costs beside its bytes.
WINDOW_BYTES = 256 << 10
ITEM_OVERHEAD_BYTES = 64


class Frame(NamedTuple):
    channel: int
    type: int
    args: list[Any]
    size: int  #: in bytes, on the wire


def pack(value: Any) -> bytes:
    """One value in the old dialect. Errors: TypeError, for what has no form on the wire."""
    return msgpack.packb(value, use_bin_type=False)


def unpack(data: bytes | bytearray) -> Any:
    """One value; strings come back as bytes. Errors: ProtocolError."""
    try:
        return msgpack.unpackb(data, raw=True, strict_map_key=False)
    except Exception as error:  # msgpack raises ValueError, ExtraData, TypeError (a key that is a list) and others
        raise ProtocolError(f"not one MessagePack value: {error}") from None


def pack_frame(channel: int, message: int, args: Sequence[Any], headers: dict[str, bytes] | None = None) -> bytes:
    """Bytes of one frame. Headers go as literals that no table keeps."""
    frame: list[Any] = [channel, message, list(args)]
    if headers:
        frame.append([[False, name, value] for name, value in headers.items()])
    return pack(frame)


def item_cost(args: Sequence[Any]) -> int:
    """What an item costs of a stream's credit."""
    return len(pack(list(args))) - 1 + ITEM_OVERHEAD_BYTES


class FrameReader:
    """Cuts a sequence of bytes into frames. After an error it is of no more use.

    msgpack.Unpacker makes room for as many values as a list announces, and bounds no frame that comes in pieces: so a frame is
    unpacked when all of it is there, and within the limits.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._at = 0  # up to here the first frame is known to be in order
        self._lacking: list[int] = []  # how many values each list or map around that place still lacks
        self._values = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now. Errors: ProtocolError."""
        self._held += data
        while end := self._end():
            frame = _frame(self._held[:end])
            del self._held[:end]
            self._at = self._values = 0
            yield frame

    def _end(self) -> int:
        """Where the first frame ends; 0 if not all of it has come. Errors: ProtocolError, as soon as a limit is announced."""
        held, lacking, at = self._held, self._lacking, self._at
        while at < len(held):
            if (shape := _SHAPES[held[at]]) is None:
                raise ProtocolError(f"not MessagePack of this protocol: a value that begins with {held[at]:02x}")
            width, count, unit_bytes, unit_values = shape
            body = at + 1 + width
            if body > len(held):
                break
            if width:
                count = int.from_bytes(held[at + 1:body], "big")
            after, within = body + count * unit_bytes, count * unit_values
            if after > FRAME_BYTES_MAX:
                raise ProtocolError(f"a frame of more than {FRAME_BYTES_MAX} bytes")
            if after > len(held):
                break
            at = after
            self._values += within
            if self._values > ELEMENTS_MAX:
                raise ProtocolError(f"a frame of more than {ELEMENTS_MAX} values")
            if within:
                lacking.append(within)
                if len(lacking) > DEPTH_MAX:
                    raise ProtocolError(f"values in each other, more than {DEPTH_MAX} deep")
                continue
            while lacking:
                lacking[-1] -= 1
                if lacking[-1]:
                    break
                lacking.pop()
            if not lacking:
                return at
        self._at = at
        return 0


def _frame(data: bytes | bytearray) -> Frame:
    match unpack(data):
        case [int(channel), int(message), list(args)] | [int(channel), int(message), list(args), list(_), *_] if (
            channel >= 0 and message >= 0 and not isinstance(channel, bool) and not isinstance(message, bool)
        ):
            return Frame(channel, message, args, len(data))
        case value:
            raise ProtocolError(f"not a frame: {reprlib.repr(value)}")


#: By a value's first byte: how many bytes after it hold a count, or the count itself; what each of the count is, in bytes and in
#: values. None: not of this protocol, which has no extension types.
_SHAPES: list[tuple[int, int, int, int] | None] = [
    *[(0, 0, 0, 0)] * 0x80,  # small integers
    *[(0, count, 0, 2) for count in range(16)],  # maps
    *[(0, count, 0, 1) for count in range(16)],  # lists
    *[(0, count, 1, 0) for count in range(32)],  # strings
    (0, 0, 0, 0), None, (0, 0, 0, 0), (0, 0, 0, 0),  # nil, -, false, true
    (1, 0, 1, 0), (2, 0, 1, 0), (4, 0, 1, 0),  # blobs
    None, None, None,
    (0, 4, 1, 0), (0, 8, 1, 0),  # floats
    *[(0, count, 1, 0) for count in (1, 2, 4, 8)] * 2,  # integers
    *[None] * 5,
    (1, 0, 1, 0), (2, 0, 1, 0), (4, 0, 1, 0),  # strings
    (2, 0, 0, 1), (4, 0, 0, 1),  # lists
    (2, 0, 0, 2), (4, 0, 0, 2),  # maps
    *[(0, 0, 0, 0)] * 0x20,  # small negative integers
]
