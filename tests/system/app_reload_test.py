"""What running applications notice of a node that reads its configuration again: nothing. And of one that only looks at it: nothing, too."""
import signal
import stat
import unittest

from app_support import SERVICES, AppCase, asyncio
from node_support import Node, need_node, wait


def mode(folder):
    return stat.S_IMODE(folder.stat().st_mode)


class Reload(AppCase):
    def reload(self, said, text=None):
        """SIGHUP with that file, until the node has said so once more."""
        good, before = self.node.config.read_text(), self.node.log().count(said)
        self.node.config.write_text(text or good)
        self.node.signal(signal.SIGHUP)
        wait(lambda: self.node.log().count(said) > before, f"the node to say {said!r}", explain=self.node.log)
        self.node.config.write_text(good)

    def test_workers_and_their_calls_go_on(self):
        async def body(apps):
            await apps.start("busy")
            worker = await apps.outcome("busy", "pid")
            call = asyncio.create_task(apps.outcome("busy", "slow", "1"))
            await asyncio.sleep(0.1)
            self.reload("reload: nothing has changed")
            self.reload("nonsense", self.node.config.read_text() + "nonsense: true\n")
            self.assertEqual(await call, "late")
            self.assertEqual(await apps.outcome("busy", "pid"), worker)
            await apps.apps.pause_app("busy")
        self.run_with(body)

    def test_one_that_starts_afterwards_runs(self):
        async def body(apps):
            self.reload("reload: nothing has changed")
            await apps.start("late")
            self.assertEqual(await apps.outcome("late", "echo", "hello"), "hello")
            await apps.apps.pause_app("late")
        self.run_with(body)


class Folders(unittest.TestCase):
    def setUp(self):
        need_node()

    def node(self):
        node = Node(SERVICES % "")
        self.addCleanup(node.clean)
        return node

    def test_a_configuration_that_is_only_looked_at_makes_none_and_no_control_groups_either(self):
        node = self.node()
        groups = node.folder / "groups"
        node.write(SERVICES % f"control_groups: {groups}")
        for controller in ("memory", "pids", "cpu"):
            (groups / controller).mkdir(parents=True)
        before = sorted(node.folder.rglob("*"))
        for words in (["--config", node.config, "--check"], ["status", "--config", node.config], ["reload", "--config", node.config]):
            code, text = node.sonm("node", *words)
            self.assertEqual(code == 0, "--check" in words, text)
            self.assertEqual([one for one in sorted(node.folder.rglob("*")) if "home" not in one.parts], before, text)

    def test_the_state_of_a_node_is_its_own_also_where_it_was_open_to_others(self):
        node = self.node().start()
        for folder in (node.state, node.state / "services/node"):
            self.assertEqual(mode(folder), 0o700, folder)
        node.stop()
        node.state.chmod(0o755)
        node.start()
        self.assertEqual(mode(node.state), 0o700)

    def test_a_folder_that_others_use_stays_as_it_is(self):
        node = self.node()
        node.state.mkdir(mode=0o755)
        (node.state / "of somebody else").mkdir()
        node.start()
        self.assertEqual(mode(node.state), 0o755)


if __name__ == "__main__":
    from support import main
    main()
