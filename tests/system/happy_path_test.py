#!/usr/bin/env python3
"""From bid to result and money, by one command and by hand."""
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from support import FAILED, NOT_FOUND, OK, System, SystemTest, main, need_engine  # noqa: E402

system = None


def setUpModule():
    global system
    need_engine()
    system = System()
    unittest.addModuleCleanup(system.down)
    system.up()


class HappyPath(SystemTest):
    def test_run__input_output_and_environment__arrive_and_the_time_is_paid(self):
        (system.folder / "in.txt").write_text("seven\n")
        script = 'echo "log: $GREETING"; echo aside >&2; tr a-z A-Z < in.txt > result.txt; sleep 2'
        answer = system.run("sh", "-c", script, options=("--in", system.folder / "in.txt", "--out", f"result.txt:{system.folder}/out.txt",
                                                         "--env", "GREETING=hello, there"), json_wanted=False)
        self.check(answer, OK, "run [0-9a-f]+ succeeded")
        self.assertEqual(answer.out, "log: hello, there\n")
        self.assertIn("aside\n", answer.err)
        self.assertEqual((system.folder / "out.txt").read_text(), "SEVEN\n")
        deal = system.deals()[-1]
        self.assertEqual(deal["status"], "closed")
        # 0.36 SNM/h is 10^14 of the smallest unit per second.
        self.assertEqual(int(deal["paid"]), deal["seconds"] * 10**14)
        self.assertGreaterEqual(deal["seconds"], 2)
        self.check_conserved(system)

    def test_run__command_fails__exit_code_1_and_the_rest_of_the_money_is_back(self):
        answer = system.run("sh", "-c", "echo partly > result.txt; exit 9", options=("--out", f"result.txt:{system.folder}/partly.txt"))
        self.check(answer, FAILED, "task failed")
        said = answer.json()
        self.assertEqual((said["outcome"], said["exit_code"], said["receipt"]["exit_code"]), ("task failed", 9, 9))
        self.assertEqual((system.folder / "partly.txt").read_text(), "partly\n")
        self.assertEqual(system.deals(every=False), [])
        self.check_conserved(system)
        shown = system.must("run", "show", said["run"])
        self.assertEqual(shown["receipt"], said["receipt"])
        self.assertIn(said["run"], [run["run"] for run in system.must("run", "ls")])

    def test_by_hand__each_step__does_what_the_next_one_needs(self):
        bid = system.folder / "bid.yaml"
        bid.write_text("price: 3.6 SNM/h\nduration: 10 min\nresources: {cores: 0.5, ram: 128 MiB, storage: 128 MiB}\n")
        deal = system.must("bid", "create", bid, "--wait")
        number = str(deal["id"])
        self.assertEqual([one["id"] for one in system.deals(every=False)], [deal["id"]])
        self.assertIn(f"deal {number}", system.sonm("deal", "show", number, json_wanted=False).out)
        (system.folder / "words.txt").write_text("b\na\n")
        task = system.folder / "task.yaml"
        task.write_text(f"image_archive: {system.image}\nimage: sonm/busybox:latest\ncommand: [sh, -c, 'sort words.txt | tee sorted.txt; sleep 2; echo last']\n"
                        "inputs: [{source: words.txt}]\noutputs: [{path: sorted.txt}]\n")
        name = system.sonm("task", "start", number, "--file", task, json_wanted=False)
        self.check(name, OK)
        name = name.out.strip()
        logs = system.sonm("task", "logs", name, "-f", json_wanted=False)
        self.check(logs, OK)
        self.assertEqual(logs.out, "a\nb\nlast\n")
        status = system.must("task", "status", name)
        self.assertEqual((status["state"], status["exit_code"]), ("finished", 0))
        self.assertEqual([one["state"] for one in system.must("task", "ls", number)], ["finished"])
        self.check(system.sonm("task", "pull", name, "--out", f"sorted.txt:{system.folder}/sorted.txt"), OK)
        self.assertEqual((system.folder / "sorted.txt").read_text(), "a\nb\n")
        self.check(system.sonm("deal", "close", number), OK)
        self.assertEqual(system.deals(every=False), [])
        self.check(system.sonm("task", "status", f"{number}/ffffffff"), NOT_FOUND, "no task")
        self.check_conserved(system)

    def test_listings__as_json__are_values_a_program_can_read(self):
        for words in (("order", "ls", "--all"), ("deal", "ls", "--all"), ("run", "ls"), ("key", "list"), ("balance",), ("devnet", "status")):
            answer = system.sonm(*words)
            self.check(answer, OK)
            json.loads(answer.out)
        self.check(system.sonm("deal", "show", "999"), NOT_FOUND, "deal")
        self.assertEqual(json.loads(system.sonm("deal", "show", "999").out)["category"], "sonm")


if __name__ == "__main__":
    main()
