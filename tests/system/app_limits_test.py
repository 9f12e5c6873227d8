"""What app workers may not: more memory, processes and rights than they were given; and what is left of them, which is nothing."""
import glob
import json
import os
import shutil
import signal
import stat
import subprocess
import unittest
from pathlib import Path

from app_support import DIED, PATIENCE, SERVICES, AppCase, Apps, alive, asyncio
from node_support import Node, need_node, wait

NONE = ["0" * 16]
SPOOLS, SOCKETS = Path("/var/lib/sonm-apps"), Path("/run/sonm-apps")
SMALL = {"isolate": {"type": "process", "args": {"memory": 96 << 20, "processes": 20, "cpu": 500}}, "pool-limit": 1}


def need_root():
    need_node()
    if os.getuid() != 0:
        raise unittest.SkipTest("only root may start workers as other users, and give them control groups")


def groups(pid, name=""):
    """Folders of the control groups of the node with that process number, whose names begin like that."""
    found = (glob.glob(f"/sys/fs/cgroup/{hierarchy}sonm-apps/*.{pid}/{name}*") for hierarchy in ("", "*/"))
    return {Path(one).resolve() for some in found for one in some if os.path.isdir(one)}


def folders(pid):
    """Those, and the node's own."""
    return groups(pid) | {one.resolve() for hierarchy in ("", "*/") for one in Path("/sys/fs/cgroup").glob(f"{hierarchy}sonm-apps/*.{pid}")}


def groups_of(pid, worker):
    return {one for one in groups(pid) if worker in (one / "cgroup.procs").read_text().split()}


def value(folder, *names):
    """Of the first file that is there: each kernel version has its own."""
    return next((one.read_text().strip() for one in (folder / name for name in names) if one.exists()), None)


def can_be_made():
    """Whether this very process can make groups of version 1 with all three controllers: then the node can, too."""
    try:
        for controller in ("memory", "pids", "cpu"):
            folder = Path(f"/sys/fs/cgroup/{controller}/sonm-test-{os.getpid()}")
            folder.mkdir()
            folder.rmdir()
    except OSError:
        return False
    return True


class ControlGroups(AppCase):
    @classmethod
    def setUpClass(cls):
        need_root()
        super().setUpClass()
        if "without control groups" in cls.node.log():
            cls.node.clean()
            assert not can_be_made(), cls.node.log()
            raise unittest.SkipTest("the kernel's control groups cannot be written here")

    def pid(self):
        return self.node.process.pid

    def test_a_worker_is_in_one_that_has_the_limits_of_its_profile(self):
        async def body(apps):
            await apps.start("limited", profile=SMALL)
            found = groups_of(self.pid(), await apps.outcome("limited", "pid"))
            self.assertTrue(found, "no control group has the worker in it")
            limits = {(value(one, "memory.max", "memory.limit_in_bytes"), value(one, "pids.max"),
                       value(one, "cpu.max") or value(one, "cpu.cfs_quota_us")) for one in found}
            memory, processes, cpu = ({one for one in limit if one} for limit in zip(*limits))
            self.assertEqual((memory, processes), ({str(96 << 20)}, {"20"}))
            self.assertTrue(cpu <= {"50000", "50000 100000"} and cpu, cpu)
        self.run_with(body)

    def test_one_that_eats_memory_dies_at_its_limit_and_its_neighbour_lives(self):
        async def body(apps):
            await apps.start("modest", profile=SMALL)
            await apps.start("greedy", profile=SMALL)
            neighbour, first = await apps.outcome("modest", "pid"), await apps.outcome("greedy", "pid")
            self.assertEqual(await apps.outcome("greedy", "eat", "10"), f"{10 << 20} bytes were there")
            self.assertEqual(await apps.outcome("greedy", "eat", "512"), DIED)
            self.assertEqual(await apps.outcome("modest", "pid"), neighbour)
            self.assertIn(b"signal 9", (await apps.until(lambda: apps.crashes("greedy"), "a crash log"))[0])
            self.assertNotEqual(await apps.outcome("greedy", "pid"), first, "another one serves")
        self.run_with(body)

    def test_a_fork_bomb_meets_its_limit_and_its_neighbour_can_still_fork(self):
        async def body(apps):
            await apps.start("calm", profile=SMALL)
            await apps.start("bomb", profile=SMALL)
            count, why = (await apps.outcome("bomb", "bomb")).split()
            self.assertEqual(why, "EAGAIN")
            self.assertTrue(10 <= int(count) < 20, count)
            self.assertTrue(alive(await apps.outcome("calm", "child")))
            await apps.apps.pause_app("bomb")
        self.run_with(body)

    def test_what_forks_without_end_is_ended_to_the_last_process_and_nothing_is_left_of_it(self):
        async def body(apps):
            await apps.start("storm", profile={**SMALL, "heartbeat-timeout": 2, "terminate-timeout": 1, "kill_timeout": 1})
            worker = await apps.outcome("storm", "storm")
            group = next(iter(groups_of(self.pid(), worker)))
            await apps.until(lambda: many_in(group), "a storm")
            members = (group / "cgroup.procs").read_text().split()
            await apps.apps.pause_app("storm")
            await apps.until(lambda: nothing(group.exists() or any(alive(one) for one in members)), "the end of the storm")
            self.assertEqual(groups(self.pid(), group.name), set())
        self.run_with(body)

    def test_a_stopped_application_leaves_no_folder(self):
        async def body(apps):
            await apps.start("shortlived")
            found = groups_of(self.pid(), await apps.outcome("shortlived", "pid"))
            await apps.apps.pause_app("shortlived")
            self.assertTrue(found)
            self.assertEqual([one for one in found if one.exists()], [])
        self.run_with(body)


async def many_in(group):
    return len((group / "cgroup.procs").read_text().split()) >= 15


async def nothing(left):
    return not left


class LivesOfNodes(unittest.TestCase):
    """Nodes that end in order, that are killed and come again, and that are killed and never come again."""

    def setUp(self):
        need_root()

    def node(self, arguments=""):
        node = Node(SERVICES % arguments)
        self.addCleanup(node.clean)
        return node.start()

    def ask(self, node, body):
        import sonm

        async def whole():
            async with sonm.Node(f"127.0.0.1:{node.locator_port()}", timeout=PATIENCE) as client:
                return await body(Apps(node, client))
        return asyncio.run(whole())

    def worker(self, node, event="pid"):
        async def body(apps):
            await apps.start("app")
            pid = await apps.outcome("app", event)
            return pid, Path((await apps.outcome("app", "user")).split()[1])
        return self.ask(node, body)

    def test_one_that_ends_in_order_leaves_no_folder(self):
        node = self.node()
        worker, spool = self.worker(node)
        self.assertEqual(spool.parents[3], SPOOLS)
        node.signal(signal.SIGTERM)
        self.assertEqual(node.ended(), 0, node.log())
        self.assertFalse(alive(worker))
        self.assertEqual(folders(node.process.pid), set())
        self.assertFalse(spool.parents[2].exists() or sockets(spool).exists())

    def test_one_that_is_killed_and_comes_again_ends_what_its_workers_had_started(self):
        node = self.node()
        stray, spool = self.worker(node, "stray")
        first = node.process.pid
        node.signal(signal.SIGKILL).ended()
        grouped = bool(groups(first))
        self.assertTrue(grouped or not can_be_made())
        if grouped:
            self.assertTrue(alive(stray), "it has left its parent and its session")
        node.start()
        wait(lambda: not alive(stray), "the end of the stray process", PATIENCE, node.log)
        self.assertEqual(folders(first), set())
        self.assertEqual(self.ask(node, runs), b"app")
        self.assertTrue(spool.parents[2].exists())

    def test_without_control_groups_what_has_left_its_worker_ends_with_the_application_and_with_the_next_start(self):
        node = self.node("control_groups: /nowhere")
        self.assertIn("without control groups", node.log())
        stray, _ = self.worker(node, "stray")
        self.assertTrue(alive(stray))
        self.ask(node, pause)
        wait(lambda: not alive(stray), "the end with the application", PATIENCE, node.log)
        stray, _ = self.worker(node, "stray")
        node.signal(signal.SIGKILL).ended()
        self.assertTrue(alive(stray))
        node.start()
        wait(lambda: not alive(stray), "the end with the next start", PATIENCE, node.log)

    def test_one_that_is_killed_for_ever_is_cleaned_up_after_by_the_next_on_this_machine(self):
        dead = self.node()
        worker, spool = self.worker(dead)
        dead.signal(signal.SIGKILL).ended()
        shutil.rmtree(dead.folder)
        dead.folder.mkdir()
        self.assertTrue(spool.parents[2].exists() and sockets(spool).exists())
        living = self.node()
        _, spool_of_living = self.worker(living)
        self.assertFalse(alive(worker))
        self.assertEqual(folders(dead.process.pid), set())
        self.assertFalse(spool.parents[2].exists() or sockets(spool).exists())
        self.node()
        self.assertTrue(spool_of_living.exists() and sockets(spool_of_living).exists(), "what a living one has is not swept away")


    def test_two_at_once_do_not_run_applications_as_the_same_users(self):
        first = 0x6D000000 + 4 * os.getpid()
        users = f"users: {first}-{first + 3}"
        node = self.node(users)
        second = Node(SERVICES % users)
        self.addCleanup(second.clean)
        done = subprocess.run(second.command("node", "--config", second.config), capture_output=True, timeout=PATIENCE)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"another node runs applications as users {first}-{first + 3}", (done.stdout + done.stderr).decode(errors="replace"))
        node.signal(signal.SIGKILL).ended()
        second.start()


def sockets(spool):
    """Where those lie of the node whose unpacked code is there."""
    return SOCKETS / spool.parents[2].name[:8]


async def pause(apps):
    await apps.apps.pause_app("app")


async def runs(apps):
    await apps.until(lambda: listed(apps), "the runlist")
    return (await apps.apps.list())[0]


async def listed(apps):
    return await apps.apps.list()


class Rights(AppCase):
    @classmethod
    def setUpClass(cls):
        need_root()
        super().setUpClass()

    def rights(self, name):
        async def body(apps):
            await apps.start(name)
            return json.loads(await apps.outcome(name, "rights"))
        return self.run_with(body)

    def test_of_root_none_is_left_and_each_application_is_somebody_else(self):
        users = set()
        for name in ("first", "second"):
            rights = self.rights(name)
            self.assertEqual({len(set(rights[kind])) for kind in ("Uid", "Gid")}, {1}, rights)
            user = int(rights["Uid"][0])
            self.assertTrue(0x70000000 <= user <= 0x7FFFFFFF, rights)
            self.assertEqual((int(rights["Gid"][0]), rights["Groups"]), (user, []))
            for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(rights[kind], NONE, kind)
            self.assertEqual(rights["HOME"], rights["folder"])
            users.add(user)
        self.assertEqual(len(users), 2)

    def test_an_application_cannot_change_the_files_of_another(self):
        folder = Path(self.rights("neighbour")["folder"])
        self.assertEqual(stat.S_IMODE(folder.stat().st_mode) & 0o022, 0)
        self.assertEqual((folder / "worker.py").stat().st_uid, 0)
        self.assertNotEqual(folder.stat().st_uid, 0)


class WithoutUsers(AppCase):
    arguments = "users: none"

    @classmethod
    def setUpClass(cls):
        need_root()
        super().setUpClass()

    def test_none_leaves_root_but_not_one_of_its_capabilities(self):
        async def body(apps):
            await apps.start("plain")
            return json.loads(await apps.outcome("plain", "rights"))
        rights = self.run_with(body)
        self.assertEqual(set(rights["Uid"]), {"0"})
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(rights[kind], NONE, kind)
        self.assertIn("app workers run as root", self.node.log())


class InAContainer(unittest.TestCase):
    """Root of a user namespace that has no other users."""

    def setUp(self):
        need_root()
        if subprocess.run(["unshare", "-U", "-r", "true"], capture_output=True).returncode:
            self.skipTest("user namespaces cannot be made here")

    def test_a_node_whose_workers_would_have_no_users_says_what_to_configure(self):
        node = Node(SERVICES % "")
        self.addCleanup(node.clean)
        done = subprocess.run(["unshare", "-U", "-r", *node.command("node", "--config", node.config)], capture_output=True, timeout=PATIENCE)
        said = (done.stdout + done.stderr).decode(errors="replace")
        self.assertNotEqual(done.returncode, 0, said)
        self.assertIn("set `users` to numbers that it has, or to none", said)


if __name__ == "__main__":
    from support import main
    main()
