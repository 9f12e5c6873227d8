"""Applications whose workers die, hang, flood and lie; clients that vanish; nodes that are killed."""
import asyncio
import os
import signal
import socket
import unittest

from app_support import DIED, LATE, QUEUE_FULL, TIMED_OUT, AppCase, alive, packed

QUICK = {"handshake-timeout": 1, "heartbeat-timeout": 1.5, "terminate-timeout": 1, "kill_timeout": 1, "seal-timeout": 2}


class WorkersThatFail(AppCase):
    def test_killed_under_load_only_the_calls_of_the_killed_worker_fail_and_the_pool_refills(self):
        async def body(apps):
            await apps.start("load", profile={"concurrency": 4, "pool-limit": 3, "grow-threshold": 1, "queue-limit": 1000})
            control = await apps.app("load").control()
            await control.write(3)
            await apps.until(lambda: three(apps), "three workers")
            failed, good = [], 0
            for _ in range(3):
                victim = await apps.outcome("load", "pid")
                calls = [asyncio.create_task(apps.outcome("load", "slow", "0.3")) for _ in range(12)]
                await asyncio.sleep(0.15)
                os.kill(int(victim), signal.SIGKILL)
                outcomes = await asyncio.gather(*calls)
                failed += [one for one in outcomes if one != "late"]
                good += outcomes.count("late")
                await apps.until(lambda: three(apps), "the pool to refill")
            self.assertTrue(all(one == DIED for one in failed), failed)
            self.assertGreaterEqual(good, 3 * 8, "those of the other workers")
            self.assertGreaterEqual(len(failed), 1)
            self.assertEqual((await apps.info("load"))[b"pool"][b"total:crashed"], 3)
            await control.close()
        self.run_with(body)

    def test_a_worker_that_never_introduces_itself_is_ended_and_its_words_are_kept(self):
        async def body(apps):
            await apps.start("silent", "silent", profile=QUICK)
            crash = (await apps.until(lambda: apps.crashes("silent"), "a crash log"))[0]
            self.assertIn(b"born silent", crash)
            self.assertIn(b"did not introduce itself", crash)
            await apps.apps.pause_app("silent")
        self.run_with(body)

    def test_a_worker_that_exits_is_started_again_more_and_more_slowly(self):
        async def body(apps):
            await apps.start("exits", "exits", profile=QUICK)
            await asyncio.sleep(4)
            spawned = (await apps.info("exits"))[b"pool"][b"total:spawned"]
            self.assertIn(spawned, (2, 3, 4), "at once, after 1 s, after 2 s more")
            self.assertIn(b"last words", (await apps.crashes("exits"))[0])
            await apps.apps.pause_app("exits")
        self.run_with(body)

    def test_a_worker_without_heartbeats_is_ended_and_its_call_told(self):
        async def body(apps):
            await apps.start("heartless", "no heart", profile=QUICK)
            self.assertEqual(await apps.outcome("heartless", "slow", "20"), DIED)
            await apps.apps.pause_app("heartless")
        self.run_with(body)

    def test_garbage_a_frame_out_of_place_and_a_stranger_end_only_their_session(self):
        async def body(apps):
            await apps.start("good")
            for mode in ("garbage", "bad frame", "stranger"):
                name = mode.replace(" ", "")
                await apps.start(name, mode, profile=QUICK)
                await apps.until(lambda name=name: apps.crashes(name), "a crash log")
                self.assertEqual(await apps.outcome("good", "echo", "still here"), "still here")
                await apps.apps.pause_app(name)
        self.run_with(body)

    def test_a_worker_that_answers_a_channel_twice_does_no_harm(self):
        async def body(apps):
            await apps.start("reuse")
            self.assertEqual(await apps.outcome("reuse", "reuse"), "one")
            self.assertEqual(await apps.outcome("reuse", "echo", "fine"), "fine")
        self.run_with(body)

    def test_a_worker_that_prints_without_end_is_read_and_served_all_the_same(self):
        async def body(apps):
            await apps.start("chatter", "chatter")
            for _ in range(20):
                self.assertEqual(await apps.outcome("chatter", "echo", "x"), "x")
            await apps.apps.pause_app("chatter")
        self.run_with(body)

    def test_a_worker_that_does_not_end_when_told_is_killed(self):
        async def body(apps):
            await apps.start("stubborn", "stubborn", profile=QUICK)
            pid = await apps.outcome("stubborn", "pid")
            await apps.apps.pause_app("stubborn")
            self.assertFalse(alive(pid))
        self.run_with(body)

    def test_what_a_worker_has_started_ends_with_it(self):
        async def body(apps):
            await apps.start("parent")
            child = await apps.outcome("parent", "child")
            self.assertTrue(alive(child))
            self.assertEqual(await apps.outcome("parent", "die"), DIED)
            await apps.until(lambda: gone(child), "the end of the child")
        self.run_with(body)


class Queues(AppCase):
    def test_a_full_queue_refuses_at_once_and_what_is_in_it_is_answered(self):
        async def body(apps):
            await apps.start("narrow", profile={"concurrency": 1, "pool-limit": 1, "queue-limit": 2})
            self.assertEqual(await apps.outcome("narrow", "echo", "up"), "up")
            calls = [asyncio.create_task(apps.outcome("narrow", "slow", "0.3")) for _ in range(6)]
            outcomes = await asyncio.gather(*calls)
            self.assertEqual(outcomes.count("late"), 3)
            self.assertEqual(outcomes.count(QUEUE_FULL), 3)
        self.run_with(body)

    def test_a_call_expires_in_the_queue_and_another_at_its_worker(self):
        async def body(apps):
            await apps.start("hurry", profile={"concurrency": 1, "pool-limit": 1})
            soon = {"request_timeout": (400).to_bytes(8, "little")}
            self.assertEqual(await apps.outcome("hurry", "echo", "up"), "up")
            running = asyncio.create_task(apps.outcome("hurry", "slow", "2", headers=soon))
            await asyncio.sleep(0.1)
            blocker = asyncio.create_task(apps.outcome("hurry", "slow", "1"))
            await asyncio.sleep(0.5)
            waiting = await apps.outcome("hurry", "echo", "x", headers=soon)
            self.assertEqual(await running, TIMED_OUT)
            self.assertEqual(waiting, LATE)
            self.assertEqual(await blocker, "late")
        self.run_with(body)


class Clients(AppCase):
    def test_one_that_vanishes_is_told_to_its_worker(self):
        async def body(apps):
            await apps.start("left")
            await apps.outcome("left", "echo", "up")
            port = (await apps.client.resolve("left")).endpoints[0][1]
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(packed([1, 0, ["forever"]]))
                await apps.until(lambda: load(apps, "left", 1), "the call")
            await apps.until(lambda: load(apps, "left", 0), "the end of the call")
            await apps.until(lambda: printed(apps, "left", b"client gone forever"), "word at the worker")
        self.run_with(body)

    def test_one_that_does_not_read_is_cut_off_and_its_neighbours_are_served(self):
        async def body(apps):
            await apps.start("torrent", profile={"concurrency": 10, "pool-limit": 1})
            await apps.outcome("torrent", "echo", "up")
            port = (await apps.client.resolve("torrent")).endpoints[0][1]
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(packed([1, 0, ["torrent"]]) + packed([1, 2, []]))
                await apps.until(lambda: load(apps, "torrent", 1), "the call")
                await asyncio.sleep(0.5)
                self.assertEqual(await apps.outcome("torrent", "echo", "neighbour"), "neighbour")
                await apps.until(lambda: load(apps, "torrent", 0), "the end of the call that nobody reads")
        self.run_with(body)


class Nodes(AppCase):
    def test_one_that_is_killed_leaves_no_worker_and_starts_its_runlist_again(self):
        async def before(apps):
            await apps.start("phoenix")
            return await apps.outcome("phoenix", "pid"), await apps.outcome("phoenix", "child")

        async def after(apps):
            await apps.until(lambda: runs(apps, "phoenix"), "the runlist")
            return await apps.outcome("phoenix", "pid")
        pids = self.run_with(before)
        self.node.signal(signal.SIGKILL).ended()
        self.node.start()
        self.assertNotIn(self.run_with(after), pids)
        for pid in pids:
            self.assertFalse(alive(pid), "an orphan of the node's earlier life")

    def test_one_that_ends_in_order_lets_calls_finish(self):
        async def body(apps):
            await apps.start("last")
            await apps.outcome("last", "echo", "up")
            call = asyncio.create_task(apps.outcome("last", "slow", "1"))
            await asyncio.sleep(0.3)
            self.node.signal(signal.SIGTERM)
            return await call
        self.assertEqual(self.run_with(body), "late")
        self.node.ended()
        self.node.start()


async def three(apps):
    slaves = (await apps.info("load"))[b"pool"][b"slaves"].values()
    return sum(one[b"state"] == b"active" for one in slaves) == 3


async def gone(pid):
    return not alive(pid)


async def load(apps, name, wanted):
    return (await apps.info(name))[b"load"] == wanted


async def printed(apps, name, line):
    return any(line == text for _, text in await apps.apps.output(name))


async def runs(apps, name):
    return name.encode() in await apps.apps.list()


if __name__ == "__main__":
    from support import main
    main()
