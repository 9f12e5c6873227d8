#!/usr/bin/env python3
"""What people get wrong: each error names the place, says what is wrong there and what would be right; nothing is sent or lost."""
import socket
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from support import FAILED, NOT_FOUND, OK, USAGE, WANTED, System, SystemTest, main, need_binary  # noqa: E402

GOOD = "price: 1 SNM/h\nduration: 10 min\nresources: {cores: 0.5, ram: 128 MiB}\n"
system = None


def setUpModule():
    global system
    need_binary()
    system = System()
    unittest.addModuleCleanup(system.down)
    system.up(workers=0)


class WrongInput(SystemTest):
    def setUp(self):
        self.before = system.balance()
        self.file = system.folder / "bid.yaml"

    def tearDown(self):
        """No order was placed, no money moved."""
        self.assertEqual(system.must("order", "ls"), [])
        self.assertEqual(system.balance(), self.before)

    def bad_bid(self, old, new, *texts, code=USAGE):
        with self.subTest(bid=new[:60]):
            self.assertIn(old, GOOD)
            self.file.write_text(GOOD.replace(old, new))
            self.check(system.sonm("bid", "create", self.file), code, *texts)

    def test_bid_file__unknown_key__names_file_line_and_the_nearest_key(self):
        self.bad_bid("price", "prise", r"bid\.yaml:1: prise: is no known key; did you mean 'price'")
        self.bad_bid("ram", "rma", r"bid\.yaml:3: resources\.rma: .*did you mean 'ram'")
        self.bad_bid("duration: 10 min", "price: 2 SNM/h", r"bid\.yaml:2: 'price' is given twice, first in line 1")

    def test_bid_file__wrong_unit__names_file_line_and_the_units_there_are(self):
        self.bad_bid("MiB", "MB/s", r"bid\.yaml:3: resources\.ram: .*'2 GiB'")
        self.bad_bid("10 min", "10 parsecs", r"bid\.yaml:2: duration: .*d, h, min, s")
        self.bad_bid("SNM", "EUR", r"bid\.yaml:1: price: .*SNM or USD")
        self.bad_bid("0.5", "-1", r"bid\.yaml:3: resources\.cores: .*negative")

    def test_bid_file__price_zero_negative_or_overflowing__is_refused_before_anything_is_sent(self):
        self.bad_bid("1 SNM", "0 SNM", r"bid\.yaml:1: price: .*is 0")
        self.bad_bid("1 SNM", "-1 SNM", r"bid\.yaml:1: price: .*negative")
        self.bad_bid("1 SNM", "9" * 78 + " SNM", r"bid\.yaml:1: price: .*too many digits")
        self.bad_bid("1 SNM/h", "340282366920938463463374607431768211455 SNM/s", r"bid\.yaml:1: price: .*over 2\^96")

    def test_bid_file__no_yaml_at_all__says_so(self):
        self.bad_bid("price: 1", "price: [1", r"bid\.yaml:\d+: ")
        self.bad_bid("price: 1 SNM/h\n", "- price\n", r"bid\.yaml:\d+: ")
        self.bad_bid("1 SNM/h", "\0", r"bid\.yaml: .*zero byte")
        self.bad_bid("price", "#" * 2_000_000, "larger than 1048576 bytes", code=FAILED)
        self.check(system.sonm("bid", "create", "nowhere.yaml"), USAGE, "does not exist: nowhere.yaml")

    def test_order__more_than_one_has__says_how_much_is_missing_and_freezes_nothing(self):
        self.bad_bid("1 SNM/h", "1000000000 SNM/h", r"has 100000 SNM, needs 166666666\.\d+ SNM", code=FAILED)
        answer = system.run("true", wanted=(*WANTED[:-1], "1000000000 SNM/h"))
        self.check(answer, FAILED, r"needs 166666666\.\d+ SNM in escrow", "has 100000 SNM", "lower --max-price")
        self.check(system.sonm("withdraw", "5 SNM"), FAILED, "has 0 SNM, needs 5 SNM")

    def test_run__wrong_options__are_named(self):
        for options, code, text in [
                (("--cores", "x"), USAGE, "--cores: 'x' is no number of cores"),
                (("--max-price", "0 SNM/h"), USAGE, "--max-price: .*is 0"),
                (("--max-price", "-1 SNM/h"), USAGE, "--max-price: .*negative"),
                (("--ram", "1 parsec"), USAGE, "--ram: .*is no size"),
                (("--time-limit", "5 parsecs"), USAGE, "--time-limit: .*d, h, min, s"),
                (("--in", "nowhere.txt"), NOT_FOUND, "--in nowhere.txt: no file"),
                (("--image", "nowhere.tar"), NOT_FOUND, "--image: no file nowhere.tar"),
                (("--image", str(self.file)), USAGE, "bid.yaml: not an image archive.*docker save"),
                (("--frobnicate",), USAGE, "--frobnicate")]:
            with self.subTest(options=options):
                self.file.write_text(GOOD)
                kept = ("--image", system.image, *WANTED)
                clear = [word for pair in zip(kept[::2], kept[1::2]) if pair[0] != options[0] for word in pair]
                self.check(system.sonm("run", *clear, *options, "--", "true"), code, text)
        self.check(system.sonm("run", "--image", system.image, "--", "true"), USAGE, "--max-price is missing")

    def test_run__paths_and_users_that_no_task_may_have__are_refused_here(self):
        for options, text in [(("--out", "../x"), "'../x' leaves the work folder"),
                              (("--out", "/etc/passwd"), "'/etc/passwd' must be relative"),
                              (("--in", f"{system.image}:../../x"), "'../../x' leaves the work folder"),
                              (("--workdir", "work"), "'work' must be an absolute path"),
                              (("--user", "root"), "never run as root"),
                              (("--env", "nothing"), "'nothing' is no variable")]:
            with self.subTest(options=options):
                answer = system.run("true", options=options)
                self.assertIn(answer.code, (FAILED, USAGE))
                self.check(answer, answer.code, text)

    def test_names__of_things_that_do_not_exist__are_not_found(self):
        self.check(system.sonm("order", "show", "0xffff"), NOT_FOUND, "no order 0xffff")
        self.check(system.sonm("order", "cancel", "zz"), USAGE, "'zz' is not the id of an order")
        self.check(system.sonm("deal", "close", "1"), NOT_FOUND, "no deal 1")
        self.check(system.sonm("deal", "close", "-1"), USAGE, "not the number of a deal")
        self.check(system.sonm("balance", "nobody"), USAGE, "not an address")

    def test_key__wrong_passphrase_or_unknown__stays_locked(self):
        good, bad = system.folder / "good", system.folder / "bad"
        good.write_text("correct horse\n")
        bad.write_text("wrong horse\n")
        made = system.must("--passphrase-file", good, "key", "new")
        account = made["address"]
        self.assertNotIn("correct horse", Path(made["path"]).read_text())
        self.check(system.sonm("--passphrase-file", bad, "deposit", "1 SNM", key=account), FAILED, "wrong passphrase", "keys/UTC")
        self.check(system.sonm("deposit", "1 SNM", key=account, env={"SONM_PASSPHRASE": "wrong"}), FAILED, "wrong passphrase")
        self.check(system.sonm("deposit", "1 SNM", key=account), FAILED, "no terminal to ask at: set SONM_PASSPHRASE")
        self.check(system.sonm("--passphrase-file", good, "deposit", "1 SNM", key="0xdead"), NOT_FOUND, "0xdead.*sonm key list")
        self.check(system.sonm("balance", key="dev:77"), USAGE, "dev:0 to dev:9")
        # The right one opens it; a new account has neither money nor coin for the transaction.
        answer = system.sonm("--passphrase-file", good, "deposit", "1 SNM", key=account)
        self.assertNotEqual(answer.code, OK)
        self.assertRegex(answer.all, "cannot pay for the transaction|not enough SNM")

    def test_devnet__port_taken__says_so(self):
        other = System()
        self.addCleanup(other.down)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.check(other.sonm("devnet", "up", "--port", port), FAILED, rf"127\.0\.0\.1:{port}: Address already in use")
        self.check(other.sonm("balance"), NOT_FOUND, "no network is set up", "sonm devnet up")

    def test_home__not_a_folder_or_not_writable__is_named(self):
        other = System()
        self.addCleanup(other.down)
        other.home.write_text("a file\n")
        answer = other.sonm("devnet", "up", "--port", "0")
        self.assertNotEqual(answer.code, OK)
        self.assertRegex(answer.all, f"{other.home}.*(Not a directory|File exists)")
        self.addCleanup(other.home.unlink)
        broken = other.folder / "network.json"
        broken.write_text('{"rpc_url": 3}')
        self.check(other.sonm("--network", broken, "balance"), USAGE, r"network\.json: field .* is missing")


if __name__ == "__main__":
    main()
