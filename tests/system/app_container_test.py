"""App workers in containers of the real engine: they serve, reach the node's services without any network, are replaced when
they die, and are gone with their application or their node."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
from pathlib import Path

from app_support import NOT_RUNNING, PATIENCE, ROOT, SERVICES, AppCase, archive, packed
from identity_test import proving_node
from support import SONM, call

ENGINE = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
WORKER = SONM.resolve().parents[1] / "examples/calculate-length/cpp/calculate_length"
# The image has a shell and nothing else: the program brings its libraries in the archive.
START = '#!/bin/sh\nexec ./lib/{loader} --library-path ./lib ./program "$@"\n'
PROFILE = {"isolate": {"type": "container", "args": {"memory": 256 << 20, "processes": 32}}, "spawn-timeout": 30, "handshake-timeout": 30,
           "terminate-timeout": 10, "pool-limit": 2}


def engine_call(method, url, *more):
    text = call(ENGINE.removeprefix("unix://"), method, url, *more)
    return json.loads(text) if text else None


class Containers(AppCase):
    services = SERVICES
    arguments = f"engine: '{ENGINE}'"

    @classmethod
    def setUpClass(cls):
        try:
            engine_call("GET", "/version")
        except (OSError, AssertionError, ValueError) as error:
            raise unittest.SkipTest(f"no container engine at {ENGINE}: {error}") from None
        if not WORKER.exists():
            raise unittest.SkipTest(f"{WORKER} is not built")
        cls.folder = Path(tempfile.mkdtemp(prefix="sonm-app-image-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        made = subprocess.run([sys.executable, ROOT / "tools/image", "busybox", cls.folder / "image.tar"], capture_output=True, text=True)
        if made.returncode:
            raise unittest.SkipTest(made.stderr.strip())
        call(ENGINE.removeprefix("unix://"), "POST", "/images/load", (cls.folder / "image.tar").read_bytes(), "application/x-tar")
        cls.image = made.stdout.strip()
        cls.archive = packed(cls.packed_program())
        super().setUpClass()

    @classmethod
    def packed_program(cls):
        """The example, its libraries and a script that starts it, as an archive."""
        program = cls.folder / "program"
        subprocess.run(["objcopy", "--strip-all", WORKER, program], check=True)
        libraries = re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", WORKER], capture_output=True, text=True, check=True).stdout)
        loader = next(Path(path).name for path in libraries if "ld-linux" in path)
        (cls.folder / "start").write_text(START.format(loader=loader))
        (cls.folder / "start").chmod(0o755)
        return archive(("start", cls.folder / "start"), ("program", program),
                       *((f"lib/{Path(path).name}", Path(path).resolve()) for path in libraries))

    def start_app(self, name):
        async def body(apps):
            await apps.storage.write("apps", name, self.archive, ["app"])
            await apps.storage.write("manifests", name, packed({"slave": "./start", "image": self.image}), ["app"])
            await apps.storage.write("profiles", name, packed(PROFILE), ["profile"])
            await apps.storage.write("collection", "key", b"x" * 1234, [])
            await apps.apps.start_app(name, name)
        self.run_with(body)
        self.addCleanup(self.pause, name)

    def pause(self, name):
        async def body(apps):
            import sonm
            try:
                await apps.apps.pause_app(name)
            except sonm.ServiceError as error:
                self.assertEqual((error.category, error.code), NOT_RUNNING)
        self.run_with(body)

    def length(self, name):
        async def body(apps):
            return await apps.outcome(name, "calculate-length", "key"), await apps.crashes(name)
        answer, crashes = self.run_with(body)
        return answer if answer == "1234" else (answer, crashes, self.node.log()[-2000:])

    def containers(self):
        label = f"sonm.apphost={self.node.state}/services/node"
        query = urllib.parse.urlencode({"all": "1", "filters": json.dumps({"label": [label]})})
        return [one["Id"] for one in engine_call("GET", f"/containers/json?{query}")]

    def test_a_worker_without_any_network_reads_the_storage_and_answers(self):
        self.start_app("boxed")
        self.assertEqual(self.length("boxed"), "1234")
        box = engine_call("GET", f"/containers/{self.containers()[0]}/json")
        self.assertEqual(box["HostConfig"]["NetworkMode"], "none")
        self.assertTrue(box["HostConfig"]["ReadonlyRootfs"])
        self.assertEqual(box["HostConfig"]["Memory"], 256 << 20)
        self.assertNotIn(box["Config"]["User"], ("", "0", "root"))
        self.assertEqual(sum(not mount["RW"] for mount in box["Mounts"]), 1, "its folder, read-only; the two sockets")
        self.assertEqual(len(box["Mounts"]), 3)

    def test_the_nodes_socket_in_a_container_reads_and_neither_writes_nor_starts_anything(self):
        self.start_app("guest")
        self.assertEqual(self.length("guest"), "1234")
        mounts = engine_call("GET", f"/containers/{self.containers()[0]}/json")["Mounts"]
        door = next(mount["Source"] for mount in mounts if mount["Source"].endswith(".node"))
        self.assertEqual(Path(door).parent.stat().st_mode & 0o777, 0o700, "nobody else on this machine comes through")

        async def body(apps):
            import sonm
            async with sonm.Node("unix:" + door, timeout=PATIENCE) as inside:
                storage, node = inside.service("storage"), inside.service("node")
                self.assertEqual(await storage.read("collection", "key"), b"x" * 1234)
                for attempt in (lambda: storage.write("profiles", "guest", packed({}), ["profile"]), lambda: storage.write("collection", "key", b"", []),
                                lambda: storage.remove("apps", "guest"), lambda: storage.read("manifests", "guest"), lambda: node.start_app("guest", "guest")):
                    with self.assertRaises(sonm.ServiceError):
                        await attempt()
            self.assertEqual(await apps.storage.read("profiles", "guest"), packed(PROFILE))
        self.run_with(body)

    def test_a_container_that_is_killed_is_replaced(self):
        self.start_app("again")
        self.assertEqual(self.length("again"), "1234")
        killed = self.containers()
        for one in killed:
            engine_call("POST", f"/containers/{one}/kill")

        async def replaced(apps):
            async def other():
                return set(self.containers()) - set(killed)
            await apps.until(other, "another container")
        self.run_with(replaced)
        self.assertEqual(self.length("again"), "1234")

    def test_containers_go_with_their_application_and_those_of_a_killed_node_with_its_next_start(self):
        self.start_app("goes")
        self.assertEqual(self.length("goes"), "1234")
        self.pause("goes")
        self.assertEqual(self.containers(), [])
        self.start_app("stays")
        self.assertEqual(self.length("stays"), "1234")
        left = self.containers()
        self.node.signal(signal.SIGKILL).ended()
        self.assertEqual(self.containers(), left, "a container outlives the node that is killed")
        self.node.start()

        async def runs(apps):
            async def listed():
                return b"stays" in await apps.apps.list()
            await apps.until(listed, "the runlist")
        self.run_with(runs)
        self.assertEqual(self.length("stays"), "1234")
        self.assertFalse(set(left) & set(self.containers()), "none of the earlier life")

    def test_an_image_that_nobody_has_is_said_in_the_crash_log(self):
        async def body(apps):
            await apps.store("imageless", profile=PROFILE)
            await apps.storage.write("manifests", "imageless", packed({"slave": "./worker.py"}), ["app"])
            await apps.apps.start_app("imageless", "imageless")
            crash = (await apps.until(lambda: apps.crashes("imageless"), "a crash log"))[0]
            self.assertIn(b'names no "image"', crash)
            await apps.apps.pause_app("imageless")
        self.run_with(body)


class WherePeopleProveThemselves(Containers):
    """The same on a node that serves only who proves an account, which no container can."""
    test_a_container_that_is_killed_is_replaced = test_an_image_that_nobody_has_is_said_in_the_crash_log = None
    test_containers_go_with_their_application_and_those_of_a_killed_node_with_its_next_start = None

    @classmethod
    def make_node(cls):
        return proving_node("boxes", (cls.services % cls.arguments).removeprefix("services:\n"))

    def address(self):
        return f"unix:{self.node.folder}/public"


if __name__ == "__main__":
    from support import main
    main()
