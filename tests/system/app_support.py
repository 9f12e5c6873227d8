"""A node with storage and applications, and a client of it, for tests."""
import asyncio
import io
import os
import sys
import tarfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
from node_support import PATIENCE, SONM, Node, need_node  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "sdk" / "python"))
# The app worker in C++ that is built with `sonm`.
EXAMPLE = SONM.resolve().parents[1] / "examples/calculate-length/cpp/calculate_length"
SERVICES = """\
services:
  - {name: storage, type: storage}
  - {name: node, type: apphost, args: {%s}}
"""
NODE, POOL = 0x51FF, 0x52FF
LATE, TIMED_OUT, RUNS_ALREADY, NOT_RUNNING, QUEUE_FULL = (NODE, 1), (NODE, 3), (NODE, 5), (NODE, 6), (POOL, 1)
DIED = (1, 104)


def packed(value):
    import msgpack
    return msgpack.packb(value, use_bin_type=False)


def archive(*files):
    """A tar of (path in it, path here)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        for name, path in files:
            tar.add(path, name)
    return out.getvalue()


class Apps:
    """What a test says to the node."""

    def __init__(self, node, client):
        self.node = node
        self.storage, self.apps = client.service("storage"), client.service("node")
        self.client = client
        self.services = {}

    def app(self, name):
        return self.services.setdefault(name, self.client.service(name, timeout=PATIENCE))

    async def store(self, name, mode="good", version="1", profile=None):
        manifest = {"slave": "./worker.py", "environment": {"MODE": mode, "VERSION": version}}
        await self.storage.write("apps", name, packed(archive(("worker.py", ROOT / "tests/system/app/raw_worker.py"))), ["app"])
        await self.storage.write("manifests", name, packed(manifest), ["app"])
        await self.storage.write("profiles", name, packed(profile or {}), ["profile"])

    async def start(self, name, mode="good", version="1", profile=None):
        await self.store(name, mode, version, profile)
        await self.apps.start_app(name, name)

    async def call(self, name, event, *chunks, headers=None):
        """All chunks of the answer."""
        channel = await self.app(name).enqueue(event, headers=headers)
        for chunk in chunks:
            await channel.write(chunk)
        await channel.close()
        return [chunk async for chunk in channel]

    async def outcome(self, *what, **more):
        """The answer as one text, or (category, code) of the error."""
        import sonm
        try:
            return b"".join(await asyncio.wait_for(self.call(*what, **more), PATIENCE)).decode()
        except sonm.ServiceError as error:
            return error.category, error.code

    async def info(self, name):
        return await self.apps.info(name, 1)

    async def crashes(self, name):
        keys = await self.storage.find("crashlogs", [name])
        return [await self.storage.read("crashlogs", key) for key in keys]

    async def until(self, condition, what):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            value = await condition()
            if value:
                return value
            await asyncio.sleep(0.05)
        raise AssertionError(f"{what} has not come within {PATIENCE} s\n{self.node.log()[-3000:]}")


def alive(pid):
    try:
        return Path(f"/proc/{int(pid)}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class AppCase(unittest.TestCase):
    """One node for all cases of a class; `self.run_with(coroutine function)` gives it an Apps."""
    services = SERVICES
    arguments = ""

    @classmethod
    def setUpClass(cls):
        need_node()
        cls.node = cls.make_node().start()

    @classmethod
    def make_node(cls):
        return Node(cls.services % cls.arguments)

    @classmethod
    def tearDownClass(cls):
        cls.node.clean()

    def address(self):
        return f"127.0.0.1:{self.node.locator_port()}"

    def run_with(self, body):
        import sonm

        async def whole():
            async with sonm.Node(self.address(), timeout=PATIENCE) as client:
                return await body(Apps(self.node, client))
        return asyncio.run(whole())


__all__ = ["AppCase", "DIED", "EXAMPLE", "LATE", "NOT_RUNNING", "PATIENCE", "QUEUE_FULL", "ROOT", "RUNS_ALREADY", "SERVICES", "TIMED_OUT", "Apps", "alive",
           "archive", "asyncio", "os", "packed", "time", "unittest"]
