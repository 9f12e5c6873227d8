#!/usr/bin/env python3
"""Signed orders, batches, other terms, masters, followed blacklists, a sale and a bridge: through the verbs of `sonm`."""

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "examples/season"))

from chain import BIN, MNEMONIC, SNM, Chain, run  # noqa: E402

SONM = Path(os.environ.get("SONM_BINARY", ROOT / "build/dev/bin/sonm"))
FAILED, USAGE, NOT_FOUND, NOT_ALLOWED = 1, 2, 3, 6
SELLER, BUYER, STRANGER, DAY, HOUR = "dev:1", "dev:2", "dev:4", 86_400, 3_600
ORDER = "price: {price}\nduration: {duration}\nexpiry: {expiry}\nresources: {{cores: 1, ram: 1 GiB}}\n"
PASSPHRASE = {"SONM_PASSPHRASE": "public development keys"}
world = None


class World:
    """A home chain with all contracts, whose accounts are dev:0 to dev:9; dev:0 has all SNM."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sonm-cli-"))
        self.chains = [Chain(31337)]
        self.home = self.chains[0]
        self.file = self.folder / "network.json"
        self.deploy(self.home, self.file, key="dev:0")
        for account in (SELLER, BUYER, STRANGER, "dev:5", "dev:6", "dev:7"):
            self.sonm("token", "transfer", account, "10000 SNM", key="dev:0")

    def down(self):
        for chain in self.chains:
            chain.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def deploy(self, chain, file, key):
        # A faucet stands on known test networks only, so the other chain is deployed like a main one.
        kind = ["--test"] if chain is self.home else []
        self.sonm("contracts", "deploy", "--rpc", chain.url, "--name", file.stem, *kind, "--own-admin", "--feeder", self.address("dev:0"), "--out", file,
                  key=key, network=None)

    def run(self, *words, key=BUYER, network="home"):
        command = [SONM, "--home", self.folder, "--yes", "--json", "--key", key]
        if network is not None:
            command += ["--network", self.file if network == "home" else network]
        return subprocess.run([str(word) for word in [*command, *words]], capture_output=True, text=True, timeout=120,
                              env={**os.environ, **PASSPHRASE}, cwd=self.folder, stdin=subprocess.DEVNULL)

    def sonm(self, *words, **how):
        """What a verb says; it must succeed."""
        done = self.run(*words, **how)
        assert done.returncode == 0, f"sonm {' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def address(self, account):
        index = account.removeprefix("dev:")
        key = run(BIN / "cast", "wallet", "private-key", "--mnemonic", MNEMONIC, "--mnemonic-index", index)
        return run(BIN / "cast", "wallet", "address", key)

    def order(self, name, price="0.36 SNM/h", duration="2 h", expiry="30 d", more=""):
        file = self.folder / name
        file.write_text(ORDER.format(price=price, duration=duration, expiry=expiry) + more)
        return file

    def sign(self, name, side, key, **terms):
        out = self.folder / f"{name}.json"
        self.sonm("order", "sign", self.order(f"{name}.yaml", **terms), "--side", side, "--out", out, key=key)
        return out

    def balance(self, key):
        return {name: int(value) for name, value in self.sonm("balance", key=key).items() if name in ("wallet", "market")}

    def deal(self, id):
        return self.sonm("deal", "show", id)


def setUpModule():
    global world
    if not (BIN / "anvil").exists():
        print("SKIPPED: there is no anvil: contracts/build installs it")
        sys.exit(77)
    world = World()
    unittest.addModuleCleanup(world.down)


class VerbTest(unittest.TestCase):
    def refused(self, text, *words, code=None, **how):
        done = world.run(*words, **how)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stderr, text)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stderr)

    def signed_pair(self, name, **terms):
        return world.sign(f"{name}-ask", "ask", SELLER, **terms), world.sign(f"{name}-bid", "bid", BUYER, **terms)


class Signed(VerbTest):
    def test_two_signed_orders__anybody_opens_their_deal_once(self):
        ask, bid = self.signed_pair("pair")
        # 2 h at 0.36 SNM/h.
        world.sonm("deposit", "0.72 SNM")
        before = world.balance(BUYER)["market"]
        shown = world.sonm("order", "show", bid)
        self.assertTrue(shown["good"], shown)
        plan = world.sonm("deal", "open", ask, bid, "--dry-run", key=STRANGER)
        self.assertEqual(len(plan["calls"]), 1)
        deal = world.sonm("deal", "open", ask, bid, key=STRANGER)["deal"]
        self.assertEqual(world.deal(deal)["status"], "open")
        self.assertEqual(world.balance(BUYER)["market"], before - 72 * SNM // 100)
        self.refused("nonce is used up", "deal", "open", ask, bid, key=STRANGER, code=FAILED)
        world.sonm("deal", "close", deal)
        self.refused("nonce is used up", "deal", "open", ask, bid, key=STRANGER)

    def test_signed_order__altered_or_for_elsewhere__refused_before_anything_is_sent(self):
        ask, bid = self.signed_pair("wrong")

        def changed(change):
            order = json.loads(ask.read_text())
            change(order)
            out = world.folder / "changed.json"
            out.write_text(json.dumps(order))
            return out

        self.refused("signed for chain 1,", "deal", "open", changed(lambda o: o["domain"].update(chainId=1)), bid, code=USAGE)
        other = "0x" + "12" * 20
        self.refused("signed for the market", "deal", "open", changed(lambda o: o["domain"].update(verifyingContract=other)), bid)
        self.refused("is not signed by it", "deal", "open", changed(lambda o: o["message"].update(price="1")), bid, code=NOT_ALLOWED)
        self.refused("is not signed by it", "deal", "open", changed(lambda o: o["message"].update(author=world.address("dev:9"))), bid)
        self.refused("signed order", "deal", "open", changed(lambda o: o.pop("signature")), bid, code=USAGE)
        self.refused("is no order|is not an ask|first order|do not match", "deal", "open", bid, ask)

    def test_signed_order__cancelled_by_its_author_only(self):
        ask, bid = self.signed_pair("cancel")
        self.refused("only its author", "order", "cancel", ask, key=STRANGER, code=NOT_ALLOWED)
        world.sonm("order", "cancel", ask, key=SELLER)
        self.assertEqual(world.run("order", "show", ask).returncode, FAILED)
        self.refused("nonce is used up", "deal", "open", ask, bid)
        nonce = json.loads(bid.read_text())["message"]["nonce"]
        world.sonm("order", "cancel", "--nonce", nonce)
        self.assertFalse(json.loads(world.run("order", "show", bid).stdout)["good"])

    def test_signed_ask_and_bid_of_the_book__become_a_deal(self):
        ask = world.sign("mixed", "ask", SELLER)
        bid = world.sonm("order", "place", world.order("mixed-bid.yaml"))["orders"][0]
        deal = world.sonm("deal", "open", ask, bid, key=SELLER)["deal"]
        self.assertEqual(world.deal(deal)["bid"], bid)
        world.sonm("deal", "close", deal)

    def test_taking_an_ask__signed_or_of_the_book__brings_the_money_itself(self):
        ask = world.sign("take", "ask", SELLER)
        self.refused("at most 2 h", "order", "take", ask, "--for", "3 h", code=USAGE)
        self.refused("--for", "order", "take", ask, code=USAGE)
        first = world.sonm("order", "take", ask, "--for", "1 h")["deal"]
        self.assertEqual(int(world.deal(first)["escrow"]), 36 * SNM // 100)
        placed = world.sonm("order", "place", world.order("take-ask.yaml"), "--side", "ask", key=SELLER)["orders"][0]
        self.refused("same owner|one owner", "order", "take", placed, "--for", "1 h", key=SELLER)
        second = world.sonm("order", "take", placed, "--for", "90 min")["deal"]
        self.assertEqual(int(world.deal(second)["escrow"]), 54 * SNM // 100)
        closed = world.sonm("deal", "close", first, second)
        self.assertEqual(closed["skipped"], [])


class Batches(VerbTest):
    def test_many_orders__placed_and_cancelled_in_one_transaction_each(self):
        placed = world.sonm("order", "place", world.order("many.yaml"), world.order("few.yaml", duration="1 h"), "--count", "3")
        self.assertEqual(len(placed["orders"]), 6)
        self.assertEqual(placed["skipped"], [])
        self.assertLessEqual(len(placed["txns"]), 3)  # allowance, deposit, orders
        mine = {order["id"] for order in world.sonm("order", "ls", "--mine")}
        self.assertTrue(set(placed["orders"]) <= mine)
        done = world.sonm("order", "cancel", *placed["orders"])
        self.assertEqual(len(done["txns"]), 1)
        self.assertFalse(set(placed["orders"]) & {order["id"] for order in world.sonm("order", "ls", "--mine")})
        self.refused("cancelled already", "order", "cancel", placed["orders"][0])

    def test_deals__settled_and_closed_together_and_a_strangers_closing_skips_all(self):
        deals = []
        for index in range(2):
            ask = world.sign(f"batch-{index}", "ask", SELLER)
            deals.append(world.sonm("order", "take", ask, "--for", "1 h")["deal"])
        world.home.pass_time(600)
        self.assertEqual(world.sonm("deal", "settle", *deals, key=STRANGER)["skipped"], [])
        for deal in deals:
            self.assertGreaterEqual(int(world.deal(deal)["paid"]), 600 * SNM // 10_000)
        self.refused("only a party", "deal", "close", *deals, key=STRANGER, code=FAILED)
        world.sonm("deal", "close", *deals)
        self.refused("closed already", "deal", "settle", deals[0])

    def test_more_than_a_batch_holds__refused(self):
        self.refused("1 to 64", "order", "place", world.order("too-many.yaml"), "--count", "65", code=USAGE)


class Changes(VerbTest):
    def test_longer_deal__waits_for_the_other_side_then_costs_more(self):
        deal = world.sonm("order", "take", world.sign("longer", "ask", SELLER), "--for", "1 h")["deal"]
        end = world.deal(deal)["end"]
        world.sonm("deposit", "1 SNM")
        answer = world.sonm("deal", "change", "propose", deal, "--longer", "1 h")
        self.assertFalse(answer["applied"])
        listed = {one["deal"]: one for one in world.sonm("deal", "change", "ls", key=SELLER)}
        self.assertEqual(listed[deal]["by_consumer"]["end"], end + HOUR)
        self.refused("offers no other terms", "deal", "change", "accept", deal, code=NOT_FOUND)
        self.refused("party", "deal", "change", "propose", deal, "--longer", "2 h", key=STRANGER)
        self.assertTrue(world.sonm("deal", "change", "accept", deal, key=SELLER)["applied"])
        self.assertEqual(world.deal(deal)["end"], end + HOUR)
        self.refused("offers no other terms", "deal", "change", "accept", deal, key=SELLER)
        world.sonm("deal", "close", deal)

    def test_better_price_for_the_other_side__holds_at_once_and_what_was_paid_is_told(self):
        deal = world.sonm("order", "take", world.sign("cheaper", "ask", SELLER), "--for", "1 h")["deal"]
        world.home.pass_time(60)
        self.assertTrue(world.sonm("deal", "change", "propose", deal, "--price", "0.18 SNM/h", key=SELLER)["applied"])
        shown = world.deal(deal)
        self.assertEqual(shown["price_per_second"], str(18 * SNM // 100 // HOUR))
        self.assertGreaterEqual(int(shown["paid_before"]), 60 * SNM // 10_000)
        self.refused("say what shall change", "deal", "change", "propose", deal, code=USAGE)
        world.sonm("deal", "close", deal)

    def test_offer__taken_back__cannot_be_accepted(self):
        deal = world.sonm("order", "take", world.sign("back", "ask", SELLER), "--for", "1 h")["deal"]
        world.sonm("deal", "change", "propose", deal, "--shorter", "10 min")
        world.sonm("deal", "change", "withdraw", deal)
        self.refused("offers no other terms", "deal", "change", "accept", deal, key=SELLER)
        self.refused("offers no other terms", "deal", "change", "withdraw", deal)
        world.sonm("deal", "close", deal)


class People(VerbTest):
    def test_worker__bound_once_both_agree_and_paid_to_its_master(self):
        worker, master = "dev:8", "dev:9"
        self.refused("has not asked", "worker", "confirm", worker, key=master)
        world.sonm("worker", "bind", master, key=worker)
        self.assertEqual([one["state"] for one in world.sonm("worker", "ls", key=master)], ["asked"])
        self.refused("has not asked", "worker", "confirm", worker, key=STRANGER)
        world.sonm("worker", "confirm", worker, key=master)
        listed = world.sonm("worker", "ls", key=worker)
        self.assertEqual([(one["master"].lower(), one["state"]) for one in listed], [(world.address(master).lower(), "bound")])
        deal = world.sonm("order", "take", world.sign("bound", "ask", worker), "--for", "1 h")["deal"]
        self.assertEqual(world.deal(deal)["master"].lower(), world.address(master).lower())
        world.sonm("deal", "close", deal)
        self.refused("neither the worker", "worker", "unbind", worker, key=STRANGER)
        world.sonm("worker", "unbind", worker, key=master)
        self.assertEqual(world.sonm("worker", "ls", key=worker), [])

    def test_followed_blacklist__no_deal_and_explain_names_the_list(self):
        list_owner, curator = "dev:7", "dev:6"
        list_address = world.address(list_owner)
        world.sonm("blacklist", "curator", curator, "yes", key=list_owner)
        world.sonm("blacklist", "follow", list_owner)
        # Somebody who may write on the list does.
        add = run(BIN / "cast", "calldata", "addTo(address,address)", list_address, world.address(SELLER))
        key = run(BIN / "cast", "wallet", "private-key", "--mnemonic", MNEMONIC, "--mnemonic-index", "6")
        lists = json.loads(world.file.read_text())["contracts"]["blacklist"]
        run(BIN / "cast", "send", lists, add, "--rpc-url", world.home.url, "--private-key", key)
        try:
            ask = world.sonm("order", "place", world.order("listed-ask.yaml"), "--side", "ask", key=SELLER)["orders"][0]
            bid = world.sonm("order", "place", world.order("listed-bid.yaml"))["orders"][0]
            why = "\n".join(world.sonm("order", "show", bid, "--explain")["explanation"]).lower()
            self.assertIn(f"blacklisted by list {list_address.lower()} that you follow", why)
            self.assertRegex(why, "0 of")
            self.refused("blacklist", "deal", "open", ask, bid, key=SELLER)
            world.sonm("blacklist", "unfollow", list_owner)
            self.assertRegex("\n".join(world.sonm("order", "show", bid, "--explain")["explanation"]), "1 of")
            world.sonm("order", "cancel", bid)
            world.sonm("order", "cancel", ask, key=SELLER)
        finally:
            world.run("blacklist", "unfollow", list_owner)


SALE = """\
presale: {{starts_in: 1 min, lasts: 1 d, cap: 100 SNM, price: 0.01}}
sale: {{starts_in: 2 d, lasts: 1 d, cap: 100 SNM, price: 0.02}}
buyer_max: 150 SNM
soft_cap: {soft_cap}
treasury: {treasury}
team_share: 10 SNM
team: {treasury}
cliff: 1 d
vesting: 2 d
"""


class Sale(VerbTest):
    def deploy(self, name, soft_cap):
        network = world.folder / f"{name}.json"
        shutil.copy(world.file, network)
        plan = world.folder / f"{name}.yaml"
        plan.write_text(SALE.format(soft_cap=soft_cap, treasury=world.address("dev:5")))
        world.sonm("sale", "deploy", plan, key="dev:0", network=network)
        self.refused("has a sale already", "sale", "deploy", plan, key="dev:0", network=network)
        world.sonm("sale", "fill", key="dev:0", network=network)
        return network

    def test_sale_that_succeeds__buyers_claim_and_the_treasury_collects(self):
        network = self.deploy("good-sale", "1")
        self.refused("sale", "sale", "buy", "0.5", network=network)  # not begun
        world.home.pass_time(HOUR)
        world.sonm("sale", "buy", "1", network=network)
        self.refused("error: ", "sale", "claim", network=network)
        self.assertEqual(world.sonm("sale", "show", network=network)["own_amount"], str(100 * SNM))
        world.home.pass_time(3 * DAY)
        before = world.balance(BUYER)["wallet"]
        world.sonm("sale", "claim", network=network)
        self.assertEqual(world.balance(BUYER)["wallet"] - before, 100 * SNM)
        self.refused("error: ", "sale", "claim", network=network)
        self.refused("error: ", "sale", "refund", network=network)
        self.refused("treasury", "sale", "collect", key=STRANGER, network=network)
        world.sonm("sale", "collect", key="dev:5", network=network)
        self.assertEqual(world.sonm("sale", "show", network=network)["outcome"], "succeeded")

    def test_sale_that_misses_its_soft_cap__coins_go_back(self):
        network = self.deploy("poor-sale", "2.5")
        world.home.pass_time(HOUR)
        world.sonm("sale", "buy", "0.5", network=network)
        world.home.pass_time(4 * DAY)
        self.refused("error: ", "sale", "claim", network=network)
        world.sonm("sale", "refund", network=network)
        self.refused("error: ", "sale", "refund", network=network)
        self.assertEqual(world.sonm("sale", "show", network=network)["outcome"], "failed")


class Bridge(VerbTest):
    NODES = ("dev:5", "dev:6", "dev:7")

    @functools.cache
    def imported(self, account):
        """Development keys are refused on other chains: in a keystore they are keys like others."""
        (file := world.folder / "imported.key").write_text(
            run(BIN / "cast", "wallet", "private-key", "--mnemonic", MNEMONIC, "--mnemonic-index", account[4:]) + "\n")
        return world.sonm("key", "import", "--from", file, network=None)["address"]

    def test_bridge__deployed_on_two_chains_moves_tokens_by_two_thirds_of_the_stake(self):
        away_chain = Chain(31338)
        world.chains.append(away_chain)
        away = world.folder / "away.json"
        deployer = self.imported("dev:0")
        world.deploy(away_chain, away, key=deployer)
        for node in self.NODES:
            world.sonm("masternode", "stake", "2000 SNM", key=node)
        self.refused("no set of masternodes", "bridge", "deploy", "--to", away, key="dev:0", code=NOT_FOUND)
        world.home.pass_time(600)
        world.sonm("masternode", "take-set", key=STRANGER)
        world.sonm("bridge", "deploy", "--to", away, "--large", "500 SNM", key="dev:0")
        self.refused("has a gatekeeper already", "bridge", "deploy", "--to", away, key="dev:0")
        world.sonm("bridge", "fund", "1000 SNM", key=deployer, network=away)
        world.sonm("bridge", "send", STRANGER, "40 SNM")
        self.assertEqual([(one["what"], one["id"]) for one in world.sonm("bridge", "ls")], [("sent", "1")])
        signer, other = self.imported(self.NODES[0]), world.folder / "other.json"
        sign = ("bridge", "sign", "1", "--from", other)
        for values, why in (({"chain_id": 5}, "is on chain 31337, the network file says 5"), ({"depth": 3}, "3 blocks are missing")):
            other.write_text(json.dumps({**json.loads(world.file.read_text()), **values}))
            self.refused(why, *sign, key=signer, network=away)
        world.home.rpc("anvil_mine", "0x3")
        world.sonm(*sign, key=signer, network=away)
        votes = [world.folder / f"vote-{node[4:]}.json" for node in self.NODES]
        for node, vote in zip(self.NODES, votes):
            world.sonm("bridge", "sign", "1", "--from", world.file, "--out", vote, key=self.imported(node), network=away)
        release = ("bridge", "release", "1")
        source = ("--from", world.file)
        self.refused("not the key of a masternode", "bridge", "sign", "1", *source, key=deployer, network=away)
        self.refused("no deposit 2", "bridge", "release", "2", *votes, *source, key=deployer, network=away, code=NOT_FOUND)
        forged = world.folder / "forged.json"
        forged.write_text(json.dumps({**json.loads(votes[0].read_text()), "member": 1}))
        self.refused("not signed by member", *release, forged, *source, key=deployer, network=away)
        self.refused("two thirds", *release, *votes[:2], *source, key=deployer, network=away)
        done = world.sonm(*release, *votes, *source, key=deployer, network=away)
        self.assertEqual(done["state"], "released")
        snm = json.loads(away.read_text())["contracts"]["snm"]
        self.assertEqual(away_chain.balance(snm, world.address(STRANGER)), 40 * SNM)
        self.assertEqual(world.sonm("bridge", "status", "1", key=deployer, network=away)["state"], "released")
        self.refused("error: ", *release, *votes, *source, key=deployer, network=away)
        for network, key in ((world.file, "dev:0"), (away, deployer)):
            findings = world.sonm("contracts", "check", key=key, network=network)
            self.assertTrue(all(one["right"] for one in findings))
            asked = {(one["contract"], one["question"]) for one in findings}
            self.assertTrue({("profiles", "blacklist"), ("gatekeeper", "signers"), ("gatekeeper", "peer")} <= asked)


class TooLate(VerbTest):
    """Last by its name: it pushes the clock beyond the orders of everybody else."""

    def test_signed_order__expired__refused(self):
        ask, bid = self.signed_pair("late", expiry="1 h")
        world.home.pass_time(40 * DAY)
        self.refused("has expired", "deal", "open", ask, bid, code=NOT_ALLOWED)
        self.refused("has expired", "order", "take", ask, "--for", "1 h")


if __name__ == "__main__":
    unittest.main(verbosity=2)
