"""Applications as their owners see them: stored, started, called, replaced, watched, paused; by CLI, by client, by HTTP."""
import asyncio
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from app_support import EXAMPLE, NOT_RUNNING, PATIENCE, ROOT, RUNS_ALREADY, AppCase

HTTP_WORKER = '''\
#!/usr/bin/python3
import sys
sys.path.append("/usr/lib/python3/dist-packages")
import msgpack
import sonm
worker = sonm.Worker()


@worker.on("page")
async def page(request, response):
    method, uri, version, headers, body = msgpack.unpackb(await request.read())
    await response.write(msgpack.packb([201, [["Content-Type", "text/x-test"]]], use_bin_type=False))
    await response.write(f"{method} {uri} {version} ")
    await response.write(bytes(body) if isinstance(body, bytes) else body)


@worker.on("no http")
async def no_http(request, response):
    await response.write("hello")


worker.run()
'''


class Life(AppCase):
    def sonm(self, *words, stdin=None):
        env = {**os.environ, "SONM_NODE": f"127.0.0.1:{self.node.locator_port()}"}
        done = subprocess.run(self.node.command(*words), capture_output=True, timeout=PATIENCE, input=stdin, env=env)
        return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")

    def folder(self, name, manifest, sdk=False, **files):
        """What `sonm app upload` takes; `sdk`: with a copy of the Python SDK, as its users cannot come to ours wherever it lies."""
        folder = Path(tempfile.mkdtemp(prefix="sonm-app-")) / name
        self.addCleanup(shutil.rmtree, folder.parent)
        folder.mkdir()
        (folder / "manifest.json").write_text(json.dumps(manifest))
        if sdk:
            shutil.copytree(ROOT / "sdk/python/sonm", folder / "sonm", ignore=shutil.ignore_patterns("__pycache__"))
        for file, text in files.items():
            (folder / file).write_text(text)
            (folder / file).chmod(0o755)
        return folder

    def test_by_command_line_from_upload_to_pause(self):
        folder = self.folder("cli", {"slave": "./worker", "environment": {"MODE": "good"}},
                             worker=(ROOT / "tests/system/app/raw_worker.py").read_text())
        code, out, err = self.sonm("app", "upload", folder)
        self.assertEqual(code, 0, err)
        self.assertEqual(self.sonm("app", "start", "cli")[:2], (0, "cli runs\n"))
        self.assertEqual(self.sonm("app", "call", "cli", "echo", "hello")[:2], (0, "hello"))
        self.assertEqual(self.sonm("app", "call", "cli", "echo", "-", stdin=b"from afar")[:2], (0, "from afar"))
        self.assertEqual(self.sonm("app", "call", "cli", "boom")[0], 1)
        code, out, err = self.sonm("--json", "app", "ls")
        listed = {one["app"]: one["state"] for one in json.loads(out)}
        self.assertEqual(listed["cli"], "running", err)
        info = json.loads(self.sonm("app", "info", "cli")[1])
        self.assertEqual(info["manifest"]["slave"], "./worker")
        self.assertEqual(info["profile"]["pool-limit"], 10)
        self.assertIn("born good", self.sonm("app", "logs", "cli")[1])
        self.assertIn("as stored already", self.sonm("app", "start", "cli")[1])
        self.assertEqual(self.sonm("app", "pause", "cli")[0], 0)
        self.assertNotEqual(self.sonm("app", "call", "cli", "echo", "x")[0], 0)

    def test_what_cannot_be_is_said_with_what_to_do(self):
        for words, expected in [(("app", "start", "nowhere"), "sonm app upload"),
                                (("app", "start", "../x"), "no name for an application"),
                                (("app", "pause", "nowhere"), "not running"),
                                (("app", "upload", self.folder("bad", {"environment": {}})), "\"slave\" is missing"),
                                (("app", "ls", "--node", "127.0.0.1:1"), "sonm node")]:
            code, _, err = self.sonm(*words)
            self.assertNotEqual(code, 0, words)
            self.assertIn(expected, err, words)

    def test_errors_of_starting_and_stopping_are_those_of_the_protocol(self):
        async def body(apps):
            import sonm
            await apps.start("twice")
            for method, args, expected in [("start_app", ("twice", "twice"), RUNS_ALREADY), ("pause_app", ("other",), NOT_RUNNING)]:
                with self.assertRaises(sonm.ServiceError) as caught:
                    await apps.apps.call(method, *args)
                self.assertEqual((caught.exception.category, caught.exception.code), expected)
        self.run_with(body)

    def test_a_worker_has_its_own_folder_no_new_privileges_and_a_filter(self):
        async def body(apps):
            await apps.start("confined")
            user, folder, guards = (await apps.outcome("confined", "user")).split()
            self.assertIn("/spool/confined/", folder)
            self.assertEqual(guards, "12", "NoNewPrivs 1, Seccomp 2")
            self.assertEqual(int(user) == os.getuid(), os.getuid() != 0, "who is not root cannot be anybody else; root is")
        self.run_with(body)

    def test_a_new_version_takes_over_under_load_without_a_failed_call(self):
        async def body(apps):
            await apps.start("rolling", profile={"concurrency": 2, "pool-limit": 3, "grow-threshold": 1})
            outcomes, stop = [], asyncio.Event()

            async def caller():
                while not stop.is_set():
                    outcomes.append(await apps.outcome("rolling", "version"))
                    outcomes.append(await apps.outcome("rolling", "slow", "0.05"))
            callers = [asyncio.create_task(caller()) for _ in range(4)]
            await asyncio.sleep(0.5)
            await apps.store("rolling", version="2", profile={"concurrency": 2, "pool-limit": 3, "grow-threshold": 1})
            self.assertEqual((await apps.apps.update("rolling", ""))[0], True)
            await apps.until(lambda: only_current(apps, "rolling"), "the new version")
            stop.set()
            await asyncio.gather(*callers)
            self.assertEqual(set(outcomes), {"1", "2", "late"})
            self.assertEqual(await apps.outcome("rolling", "version"), "2")
            unpacked = Path((await apps.outcome("rolling", "user")).split()[1])

            async def alone():
                return os.listdir(unpacked.parent) == [unpacked.name]
            await apps.until(alone, "the end of the folder of the first version")
        self.run_with(body)

    def test_a_changed_profile_holds_without_new_workers(self):
        async def body(apps):
            await apps.start("tuned")
            pid = await apps.outcome("tuned", "pid")
            await apps.storage.write("profiles", "tuned", __import__("app_support").packed({"queue-limit": 7}), ["profile"])
            self.assertEqual(list(await apps.apps.update("tuned", "tuned")), [False, True])
            self.assertEqual((await apps.info("tuned"))[b"queue"][b"capacity"], 7)
            self.assertEqual(await apps.outcome("tuned", "pid"), pid)
        self.run_with(body)

    def test_a_pool_grows_with_its_queue_and_shrinks_when_idle(self):
        async def body(apps):
            await apps.start("elastic", profile={"concurrency": 1, "pool-limit": 4, "grow-threshold": 1, "idle-timeout": 1})
            calls = [asyncio.create_task(apps.outcome("elastic", "slow", "0.5")) for _ in range(16)]
            await apps.until(lambda: workers(apps, "elastic", 4), "four workers")
            self.assertEqual(set(await asyncio.gather(*calls)), {"late"})
            await apps.until(lambda: workers(apps, "elastic", 1), "one worker")
        self.run_with(body)

    def test_http_requests_become_calls(self):
        folder = self.folder("web", {"slave": "./worker"}, sdk=True, worker=HTTP_WORKER)
        self.assertEqual(self.sonm("app", "upload", folder)[0], 0)
        self.assertEqual(self.sonm("app", "start", "web")[0], 0)
        status, headers, text = self.node.http("/app/web/page/books?n=1", body="data")
        self.assertEqual((status, text), (201, "POST /books?n=1 1.1 data"))
        self.assertEqual(headers["Content-Type"], "text/x-test")
        marked = {"X-Cocaine-Service": "web", "X-Cocaine-Event": "page"}
        self.assertEqual(self.node.http("/any", headers=marked)[2], "GET /any 1.1 ")
        self.assertEqual(self.node.http("/app/web/no%20http/")[0], 502)
        self.assertEqual(self.node.http("/app/nobody/page/")[0], 404)

    def test_calculate_length_runs_in_both_languages(self):
        programs = {"python": ROOT / "examples/calculate-length/python/worker.py"}
        if "SONM_BINARY" in os.environ or EXAMPLE.exists():
            programs["cpp"] = EXAMPLE  # with the `sonm` that is tested it is built, too
        else:
            print(f"not tested in C++: {EXAMPLE} is not built")
        for language, program in programs.items():
            with self.subTest(language):
                folder = self.folder(f"length-{language}", {"slave": "./worker"}, sdk=language == "python")
                shutil.copy(program, folder / "worker")
                (folder / "worker").chmod(0o755)
                self.assertEqual(self.sonm("app", "upload", folder)[0], 0)
                self.assertEqual(self.sonm("app", "start", folder.name)[0], 0)

                async def body(apps, name=folder.name):
                    await apps.storage.write("collection", "key", b"x" * 1234, [])
                    self.assertEqual(await apps.outcome(name, "calculate-length", "key"), "1234")
                    self.assertIsInstance(await apps.outcome(name, "calculate-length", "none"), tuple)
                self.run_with(body)


class OtherUsers(AppCase):
    first_user = 0x6E000000 + 4 * os.getpid()  # not those of another run: whatever runs as them is ended
    arguments = f"users: {first_user}-{first_user + 3}, spool: /var/tmp/sonm-test-spool-{os.getpid()}, runtime: /var/tmp/sonm-test-run-{os.getpid()}"

    @classmethod
    def setUpClass(cls):
        if os.getuid() != 0:
            raise unittest.SkipTest("only root may start workers as other users")
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        for kind in ("spool", "run"):
            shutil.rmtree(f"/var/tmp/sonm-test-{kind}-{os.getpid()}", ignore_errors=True)

    def test_each_application_runs_as_one_of_its_own(self):
        async def body(apps):
            users = set()
            for name in ("first", "second"):
                await apps.start(name)
                users.add((await apps.outcome(name, "user")).split()[0])
            self.assertEqual(users, {str(self.first_user), str(self.first_user + 1)})
        self.run_with(body)


async def workers(apps, name, wanted):
    slaves = (await apps.info(name))[b"pool"][b"slaves"].values()
    return sum(one[b"state"] == b"active" for one in slaves) == wanted


async def only_current(apps, name):
    slaves = (await apps.info(name))[b"pool"][b"slaves"].values()
    return slaves and all(one[b"current"] for one in slaves)


if __name__ == "__main__":
    from support import main
    main()
