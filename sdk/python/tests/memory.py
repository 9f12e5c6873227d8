"""Connections without sockets: the bytes of the other side are given, and what this side says is kept."""

import asyncio
import pathlib
from collections.abc import Iterable

from sonm.connection import Connection, Stranger

VECTORS = pathlib.Path(__file__).resolve().parents[3] / "tests" / "vectors" / "slave"


def vector(name: str, direction: str) -> bytes:
    """What one side says in a file of vectors: '>' who calls, '<' who is called."""
    lines = (VECTORS / name).read_text().splitlines()
    return bytes.fromhex("".join(line[1:] for line in lines if line.startswith(direction)))


class Writer:
    """What Connection needs of a StreamWriter."""

    def __init__(self) -> None:
        self.said = bytearray()
        self.closed = False

    def write(self, data: bytes) -> None:
        self.said += data

    async def drain(self) -> None:
        if self.closed:
            raise ConnectionResetError("closed")

    def close(self) -> None:
        self.closed = True

    def get_extra_info(self, name: str) -> tuple[str, int] | None:
        return ("127.0.0.1", 1) if name == "peername" else None


def connection(said: Iterable[bytes] | bytes, stranger: Stranger | None = None, *, ends: bool = True) -> Connection:
    """A connection whose other side says `said`, and then no more."""
    reader = asyncio.StreamReader()
    for part in [said] if isinstance(said, bytes) else said:
        reader.feed_data(part)
    if ends:
        reader.feed_eof()
    return Connection(reader, Writer(), stranger)  # type: ignore[arg-type]
