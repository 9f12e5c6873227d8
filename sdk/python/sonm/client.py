"""A node and its services, found by name."""

import asyncio
import os
import reprlib
from collections.abc import Callable
from typing import Any, NamedTuple

from .channel import PRIMITIVE, Channel, Graph, parse_methods
from .connection import Connection, connect, connect_unix
from .errors import DeadlineExceeded, Disconnected, ProtocolError, ServiceError, SonmError

DEFAULT_NODE = "127.0.0.1:10053"
#: Of those that a locator names, so many are tried.
ENDPOINTS_MAX = 32
#: A method of every node: what follows on this connection is for the service of that name.
ATTACH = 65
#: Errors: no such service, no such method.
NOT_AVAILABLE, NO_METHOD = (10, 1), (7, 5)


class Resolved(NamedTuple):
    """Where a service is and what it understands."""

    endpoints: list[tuple[str, int]]
    version: int
    methods: dict[str, tuple[int, Graph, Graph]]


class Node:
    """A node's locator. `address` is "host:port" or "unix:/path", several separated by commas, or SONM_NODE of the environment.

        async with Node() as node:
            storage = node.service("storage")
            await storage.write("collection", "key", b"value", ["tag"])
    """

    def __init__(self, address: str | None = None, *, timeout: float = 30.0):
        self.endpoints = parse_endpoints(address or os.environ.get("SONM_NODE") or DEFAULT_NODE)
        self.timeout = timeout
        self._services: list[Service] = []

    def service(self, name: str, *, timeout: float | None = None) -> "Service":
        """A service by name. Nothing is sent before its first call."""
        service = Service(self, name, timeout or self.timeout)
        self._services.append(service)
        return service

    async def resolve(self, name: str, seed: str = "") -> Resolved:
        """Asks the locator. Errors: ServiceError (not_found), Disconnected, DeadlineExceeded."""
        return (await self._ask(name, seed))[0]

    async def _ask(self, name: str, seed: str = "") -> tuple[Resolved, tuple[str, int]]:
        """What the locator says, and where it was reached."""
        async with deadline(self.timeout, f"resolve of '{name}'"):
            connection = await connect_first(self.endpoints)
            try:
                asked = connection.peer
                channel = await connection.open(0, (name, seed) if seed else (name,), {}, PRIMITIVE)
                value = await channel.result()
            finally:
                await connection.close()
        match value:
            case [[*endpoints], int(version), graph]:
                where = [_endpoint(each) for each in endpoints[:ENDPOINTS_MAX]]
                return Resolved(where, version, parse_methods(graph)), asked
        raise ProtocolError(f"the locator's answer about '{name}' is not understood")

    async def reach(self, name: str) -> tuple[Resolved, Connection]:
        """A connection that speaks that service's protocol, and what it understands. Errors: as resolve."""
        resolved, asked = await self._ask(name)
        # Behind a unix socket, and on the locator's own port, a service is asked for by its name. A node may know its port
        # under other hosts than we do.
        doors = [asked] if asked[0].startswith("unix:") or asked[1] in [port for _, port in resolved.endpoints] else []
        doors += [one for one in self.endpoints if one != asked and (one[0].startswith("unix:") or one in resolved.endpoints)]
        problem: SonmError = ServiceError(*NOT_AVAILABLE, "service is not available")
        for door in doors:
            try:
                return resolved, await self._attach(door, name)
            except SonmError as error:  # another node serves it, or nobody answers there any more
                problem = error
        for place in resolved.endpoints:
            if place not in doors:
                try:
                    return resolved, await self._enter(place, name)
                except SonmError as error:
                    problem = error
        raise problem

    async def _attach(self, door: tuple[str, int], name: str) -> Connection:
        return await attach(await connect_first([door]), name)

    async def _enter(self, place: tuple[str, int], name: str) -> Connection:
        """Asks by name, for the port of a node speaks to its locator, and without if the service must be alone there."""
        connection = await connect_first([place])
        try:
            return await attach(connection, name)
        except Disconnected:  # so, or with NO_METHOD, nodes of old answer to a name
            pass
        except ServiceError as error:
            if (error.category, error.code) == NOT_AVAILABLE:
                # A node that does not serve it; or a service that was found under the name of a routing group.
                if await self._leads_to_a_node(place):
                    raise
            elif (error.category, error.code) != NO_METHOD:
                raise
        return await connect_first([place])

    async def _leads_to_a_node(self, place: tuple[str, int]) -> bool:
        try:
            await (await self._attach(place, "locator")).close()
        except ServiceError as error:
            return (error.category, error.code) != NOT_AVAILABLE
        return True

    async def close(self) -> None:
        for service in self._services:
            await service.close()

    async def __aenter__(self) -> "Node":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class Service:
    """A service by name. Its methods are those that the node tells: `await storage.read("collection", "key")`.

    A call with one answer gives it: None, a value or a tuple. Any other gives a Channel to read and write. Strings come back as bytes.
    A lost connection fails the calls under way; the next call looks the service up again.
    """

    def __init__(self, node: Node, name: str, timeout: float):
        self.name, self._node, self._timeout = name, node, timeout
        self._connection: Connection | None = None
        self._resolved: Resolved | None = None
        self._connecting = asyncio.Lock()

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)

        async def call(*args: Any, headers: dict[str, bytes] | None = None) -> Any:
            channel, streams = await self._open(method, args, headers)
            if streams:
                return channel
            return await self._answer(channel, method)

        call.__name__ = method
        return call

    async def call(self, method: str, *args: Any, headers: dict[str, bytes] | None = None) -> Any:
        """A method by name, for names that are no Python identifiers. As attribute access."""
        return await getattr(self, method)(*args, headers=headers)

    async def methods(self) -> dict[str, tuple[int, Graph, Graph]]:
        """What the service understands, by name."""
        async with deadline(self._timeout, f"methods of {self.name}"):
            await self._connect()
        assert self._resolved
        return self._resolved.methods

    async def close(self) -> None:
        if self._connection:
            await self._connection.close()

    async def _open(self, method: str, args: Any, headers: dict[str, bytes] | None) -> tuple[Channel, bool]:
        async with deadline(self._timeout, f"{self.name}.{method}"):
            connection = await self._connect()
            assert self._resolved
            if method not in self._resolved.methods:
                known = ", ".join(sorted(self._resolved.methods))
                raise AttributeError(f"service '{self.name}' has no method '{method}'; it has: {known}")
            number, tx, rx = self._resolved.methods[method]
            channel = await connection.open(number, args, tx, rx, headers)
        return channel, bool(tx) or any(name in ("write", "chunk") for name, _ in rx.values())

    async def _answer(self, channel: Channel, method: str) -> Any:
        if channel.over():  # nothing is ever answered
            return None
        try:
            async with deadline(self._timeout, f"{self.name}.{method}"):
                return await channel.result()
        except BaseException:  # also the caller's own deadline, and its end
            channel.forget()
            raise

    async def _connect(self) -> Connection:
        async with self._connecting:
            if self._connection is None or self._connection.closed:
                self._resolved, self._connection = await self._node.reach(self.name)
            return self._connection


class deadline:
    """`async with deadline(seconds, what)`: DeadlineExceeded, naming what, when it takes longer."""

    def __init__(self, seconds: float, what: str):
        self._timeout, self._seconds, self._what = asyncio.timeout(seconds), seconds, what

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        try:
            await self._timeout.__aexit__(*error)
        except TimeoutError:
            raise DeadlineExceeded(f"{self._what}: no answer within {self._seconds:g} s") from None


async def attach(connection: Connection, name: str) -> Connection:
    """From now on the service of that name is spoken to. Errors: as a call; then the connection is closed."""
    try:
        await (await connection.open(ATTACH, (name,), {}, PRIMITIVE)).result()
    except BaseException:
        await connection.close()
        raise
    return connection


async def connect_first(endpoints: list[tuple[str, int]]) -> Connection:
    """The first endpoint that answers, each tried for at most 5 s. Errors: Disconnected, naming all of them."""
    problems = []
    for host, port in endpoints:
        try:
            async with asyncio.timeout(5):
                if host.startswith("unix:"):
                    return await connect_unix(host.removeprefix("unix:"))
                return await connect(host, port)
        except TimeoutError:
            problems.append(f"cannot connect to {host}:{port}: no answer within 5 s")
        except SonmError as error:
            problems.append(str(error))
    raise Disconnected("; ".join(problems))


def parse_endpoints(text: str) -> list[tuple[str, int]]:
    """"host:port[,host:port...]"; IPv6 addresses in brackets; "unix:/path" has port 0. Errors: ValueError."""
    endpoints = []
    for part in text.split(","):
        if part.strip().startswith("unix:/"):
            endpoints.append((part.strip(), 0))
            continue
        host, colon, port = part.strip().rpartition(":")
        if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"'{part}' is no address: write host:port, for example {DEFAULT_NODE}")
        endpoints.append((host.strip("[]"), int(port)))
    return endpoints


def _endpoint(value: Any) -> tuple[str, int]:
    """What a locator names: a host and a port, never a socket of this machine's."""
    match value:
        case [bytes(host), int(port)] if host and 0 < port < 65536 and not host.startswith(b"unix:"):
            return host.decode(errors="replace"), port
    raise ProtocolError(f"a locator names an address that is none: {reprlib.repr(value)}")
