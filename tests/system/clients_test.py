"""Clients and app workers that share no code with this project: those that people wrote for this protocol in 2012-2018, and
a small one from the wire's description. Each resolves, stores, logs, enqueues, and serves an application."""
import asyncio
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from app_support import PATIENCE, ROOT, SERVICES, AppCase, archive, packed

PROGRAMS = ROOT / "tests" / "clients"
# What tests/clients/install has put there.
INSTALLED = Path(os.environ.get("SONM_TEST_CLIENTS", ROOT / "build" / "dev" / "clients"))
# Workers of that age beat every 10 or 20 s, and take a while to start on a busy machine.
PROFILE = {"spawn-timeout": 20, "handshake-timeout": 20, "concurrency": 5, "pool-limit": 2}


class Foreign(AppCase):
    """One language: `worker` are the words that start its app worker, `client` those that start its client."""
    services = SERVICES + "  - {name: logging, type: logging}\n"
    arguments = "users: none"  # other users may not reach what is installed beside this checkout
    files = ()

    @classmethod
    def setUpClass(cls):
        cls.need()
        super().setUpClass()

    def start_app(self, name):
        folder = Path(tempfile.mkdtemp(prefix="sonm-client-"))
        self.addCleanup(shutil.rmtree, folder)
        (folder / "worker").write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in self.worker()) + ' "$@"\n')
        (folder / "worker").chmod(0o755)

        async def body(apps):
            stored = archive(("worker", folder / "worker"), *((path.name, path) for path in self.files))
            await apps.storage.write("apps", name, packed(stored), ["app"])
            await apps.storage.write("manifests", name, packed({"slave": "./worker"}), ["app"])
            await apps.storage.write("profiles", name, packed(PROFILE), ["profile"])
            await apps.apps.start_app(name, name)
        self.run_with(body)

    def logged(self):
        """Messages of the old client, as the node kept them."""
        async def body(apps):
            stream = await apps.client.service("logging").query(["", 0, 0, 0, [], "from the old client", 0, False])
            return [entry async for entry in stream]
        return self.run_with(body)

    def test_its_client_resolves_stores_logs_and_calls_its_own_worker(self):
        app = f"foreign-{self.language}"
        self.start_app(app)
        where = f"127.0.0.1:{self.node.locator_port()}"
        done = subprocess.run([*self.client(), "--protocol", "1", "--locator", where, "--app", app], capture_output=True, timeout=2 * PATIENCE)
        said = (done.stdout + done.stderr).decode(errors="replace")
        self.assertEqual(done.returncode, 0, said + "\n" + self.node.log()[-3000:] + self.crashes(app))
        for check in ("locator", "storage", "logging", "app"):
            self.assertIn(f"check_{check} ok", said)
        levels = {entry[2]: entry for entry in self.logged()}
        self.assertEqual(sorted(levels), [0, 1, 2, 3], "one message of each level")
        self.assertIn([b"user", 7], [list(pair) for pair in levels[3][5]])

    def test_its_worker_serves_other_clients_many_calls_at_once_and_ends_when_told(self):
        app = f"shared-{self.language}"
        self.start_app(app)

        async def body(apps):
            many = [apps.call(app, "echo", str(i), b"\xc3\x28 no text") for i in range(60)]
            for i, answer in enumerate(await asyncio.wait_for(asyncio.gather(*many), PATIENCE)):
                self.assertEqual(b"".join(answer), str(i).encode() + b"\xc3\x28 no text")
            category, code = await apps.outcome(app, "fail")
            self.assertNotEqual(code, 0)
            await apps.apps.pause_app(app)
            keys = await apps.storage.find("crashlogs", [app])
            self.assertEqual(list(keys), [], "it answered the order to end, and ended well")
        self.run_with(body)

    def crashes(self, app):
        async def body(apps):
            return "\n".join(map(str, await apps.crashes(app)))
        return self.run_with(body)


class Python(Foreign):
    language = "python"
    files = (PROGRAMS / "python" / "old_names.py", PROGRAMS / "python" / "worker.py")

    @classmethod
    def need(cls):
        cls.python = INSTALLED / "python" / "bin" / "python"
        if not cls.python.exists():
            raise unittest.SkipTest(f"no old Python framework in {INSTALLED}: tests/clients/install says why")

    def worker(self):
        return self.python, "worker.py"

    def client(self):
        return self.python, PROGRAMS / "python" / "client.py"


class Go(Foreign):
    language = "go"

    @classmethod
    def need(cls):
        cls.program = INSTALLED / "go" / "client"
        if not cls.program.exists():
            raise unittest.SkipTest(f"no old Go framework in {INSTALLED}: tests/clients/install says why")

    def worker(self):
        return self.program, "worker"

    def client(self):
        return self.program, "client"


class JavaScript(Foreign):
    language = "node"

    @classmethod
    def need(cls):
        cls.node_program = shutil.which("node")
        if not cls.node_program or not (ROOT / "tests/npm/node_modules/msgpack-lite").exists():
            raise unittest.SkipTest("no Node.js with msgpack-lite: npm ci in tests/npm")

    def worker(self):
        return self.node_program, PROGRAMS / "node" / "worker.js"

    def client(self):
        return self.node_program, PROGRAMS / "node" / "client.js"


del Foreign


if __name__ == "__main__":
    from support import main
    main()
