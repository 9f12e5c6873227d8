"""A peer that plays a script of bytes: what must come in, what goes out then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Peer:
    """Listens on loopback. `script` is a list of ('in', hex), ('out', hex) and ('end', ''); one connection plays one script."""

    def __init__(self, *scripts: list[tuple[str, str]]):
        self._scripts, self.problems = list(scripts), []
        self.address = ""

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._scripts.pop(0) if self._scripts else []
        try:
            for direction, text in script:
                data = bytes.fromhex(text)
                if direction == "in":
                    got = await asyncio.wait_for(reader.readexactly(len(data)), 5)
                    if got != data:
                        self.problems.append(f"expected {data.hex(' ')}, got {got.hex(' ')}")
                        break
                elif direction == "end":
                    return
                else:
                    writer.write(data)
                    await writer.drain()
            while await reader.read(4096):
                pass
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            self.problems.append(str(error))
        except TimeoutError:
            self.problems.append("nothing came")
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def peer(*scripts: list[tuple[str, str]], unix: str | None = None) -> AsyncIterator[Peer]:
    it = Peer(*scripts)
    if unix:
        server = await asyncio.start_unix_server(it._play, unix)
    else:
        server = await asyncio.start_server(it._play, "127.0.0.1", 0)
        it.address = "127.0.0.1:%d" % server.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        server.close()
    assert not it.problems, it.problems


def port_hex(address: str) -> str:
    """A port as MessagePack spells it."""
    return "cd%04x" % int(address.rpartition(":")[2])
