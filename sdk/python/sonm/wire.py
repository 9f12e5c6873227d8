"""Frames: [channel, type, arguments] or the same with headers, each a MessagePack array in the dialect that knows raw only.

Source: docs/protocol/slave.md, "Frames". Strings and blobs are sent as raw (never str8 or bin), and come back as bytes.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgpack

from .errors import ProtocolError

FRAME_BYTES_MAX = 16 << 20
#: What a sender may have under way on a credited stream before the first grant, and what an item costs beside its bytes.
WINDOW_BYTES = 256 << 10
ITEM_OVERHEAD_BYTES = 64


class Frame(NamedTuple):
    channel: int
    type: int
    args: list[Any]


def pack(value: Any) -> bytes:
    """One value in the old dialect. Errors: TypeError, for what has no form on the wire."""
    return msgpack.packb(value, use_bin_type=False)


def unpack(data: bytes) -> Any:
    """One value; strings come back as bytes. Errors: ProtocolError."""
    try:
        return msgpack.unpackb(data, raw=True, strict_map_key=False, max_ext_len=0)
    except Exception as error:  # msgpack raises ValueError, StackError, ExtraData and others
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
    """Cuts a sequence of bytes into frames. After an error it is of no more use."""

    def __init__(self) -> None:
        self._unpacker = msgpack.Unpacker(
            raw=True, strict_map_key=False, max_buffer_size=FRAME_BYTES_MAX, max_ext_len=0, read_size=1 << 16
        )

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now. Errors: ProtocolError."""
        try:
            self._unpacker.feed(data)
            for value in self._unpacker:
                yield _frame(value)
        except ProtocolError:
            raise
        except Exception as error:  # as in unpack
            raise ProtocolError(f"not MessagePack: {error or type(error).__name__}") from None


def _frame(value: Any) -> Frame:
    if not isinstance(value, list) or len(value) < 3:
        raise ProtocolError(f"not a frame: {value!r:.80}")
    channel, message, args = value[:3]
    for number in (channel, message):
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise ProtocolError(f"not a frame: {value!r:.80}")
    if not isinstance(args, list) or (len(value) > 3 and not isinstance(value[3], list)):
        raise ProtocolError(f"not a frame: {value!r:.80}")
    return Frame(channel, message, args)
