#!/usr/bin/env python3
"""A season of SONM's government on two development chains whose clock is pushed forward: hubs, DAO, masternodes, rewards.

It tells what happens as it goes, checks each step against the chain, and ends with a sheet on which every token is accounted for.
  examples/season/season.py [PATH OF sonm]      (default: build/release/..., build/dev/..., else the one in PATH)
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile

from chain import BIN, ROOT, SNM, Account, Chain, keccak, run

DAY, EPOCH = 86_400, 600
ZERO = "0x" + "0" * 64


def find_sonm():
    if len(sys.argv) > 1:
        return pathlib.Path(sys.argv[1])
    for preset in ("release", "dev"):
        path = ROOT / f"build/{preset}/bin/sonm"
        if path.exists():
            return path
    found = shutil.which("sonm")
    return found or sys.exit("season: there is no sonm: build it, or name its path")


def amount(value):
    return f"{value / SNM:,.2f}".rstrip("0").rstrip(".")


class Season:
    def __init__(self, sonm, folder):
        self.sonm, self.folder = sonm, folder
        self.home_chain, self.away_chain = Chain(31337), Chain(31338)
        names = ["treasury", "honest hub", "cheating hub", "miner", "cheat's friend", "node A", "node B", "node C", "node D", "visitor"]
        self.accounts = {name: Account(index, name) for index, name in enumerate(names)}
        self.nodes = [self.accounts[f"node {letter}"] for letter in "ABCD"]
        self.file = folder / "season.json"
        self.steps = 0

    def stop(self):
        self.home_chain.stop()
        self.away_chain.stop()

    # ---- telling and checking

    def tell(self, text):
        self.steps += 1
        print(f"{self.steps:3d}  {text}", flush=True)

    def expect(self, right, what):
        if not right:
            sys.exit(f"season: this does not hold: {what}")

    def verb(self, who, *words):
        """A verb of sonm as one of the accounts; its JSON."""
        env = dict(os.environ, SONM_HOME=str(self.folder), SONM_NETWORK=str(self.file), SONM_KEY=f"dev:{self.accounts[who].index}")
        return json.loads(run(self.sonm, "--json", "--yes", *words, env=env) or "{}")

    def snm(self, holder):
        return self.home_chain.balance(self.at["snm"], getattr(holder, "address", holder))

    def address(self, name):
        return self.accounts[name].address

    # ---- the acts

    def deploy(self):
        self.verb("treasury", "contracts", "deploy", "--rpc", self.home_chain.url, "--test", "--name", "season", "--out", self.file)
        self.at = json.loads(self.file.read_text())["contracts"]
        findings = self.verb("visitor", "contracts", "check")
        self.expect(all(one["right"] for one in findings), "every role and reference is as deployed")
        self.supply = self.home_chain.number(self.at["snm"], "totalSupply()(uint256)")
        self.tell(f"{len(self.at)} contracts on a chain; {len(findings)} roles and references checked; the DAO is admin, "
                  f"the treasury holds {amount(self.supply)} SNM")
        for name in ("honest hub", "cheating hub", "node A", "node B", "node C", "node D"):
            self.verb("treasury", "token", "transfer", self.address(name), "3000 SNM")
        self.verb("treasury", "dao", "delegate")

    def honest_hub(self):
        hub = self.verb("honest hub", "hub", "create")["wallet"]
        self.verb("honest hub", "hub", "fund", "1000 SNM")
        self.verb("honest hub", "hub", "register", "--name", "Honest", "--endpoint", "hub.example:10053")
        self.verb("honest hub", "hub", "pay", self.address("miner"), "200 SNM")
        shown = self.verb("honest hub", "hub", "show")
        self.expect(shown["frozen"] == str(61 * SNM), "1 SNM and 30 % of 200 are frozen")
        self.verb("miner", "miner", "draw", hub, "150 SNM")
        self.tell("the honest hub registers (1 SNM frozen), lets its miner draw 200 SNM (60 more frozen); the miner draws 150")
        self.home_chain.pass_time(30 * DAY)
        before = self.snm(self.at["timelock"])
        self.verb("visitor", "hub", "payday", "--wallet", hub)
        fee = self.snm(self.at["timelock"]) - before
        self.expect(fee == 61 * SNM * 50 // 10_000, "the DAO gets 0.5 % of what was frozen")
        self.verb("honest hub", "hub", "withdraw", "all")
        self.verb("miner", "miner", "draw", hub, "all")
        self.expect(self.snm(hub) == 0, "nothing is left in the wallet")
        self.tell(f"30 days later anybody calls payday: {amount(fee)} SNM to the DAO, the rest is free and withdrawn; "
                  "the miner draws its last 50")

    def decide(self, action, why):
        """The DAO decides: proposal, vote, queue, execution."""
        proposal = self.verb("treasury", "dao", "propose", action, why)["id"]
        self.home_chain.pass_time(120)
        self.verb("treasury", "dao", "vote", proposal, "for")
        self.home_chain.pass_time(2 * 3600)
        self.verb("visitor", "dao", "queue", proposal)
        self.home_chain.pass_time(120)
        self.verb("visitor", "dao", "execute", proposal)
        self.expect(self.verb("visitor", "dao", "show", proposal)["state"] == "executed", "the proposal is executed")

    def cheating_hub(self):
        hub = self.verb("cheating hub", "hub", "create")["wallet"]
        self.verb("cheating hub", "hub", "fund", "1000 SNM")
        self.verb("cheating hub", "hub", "register", "--name", "Cheat")
        self.verb("cheating hub", "hub", "pay", self.address("cheat's friend"), "700 SNM")
        self.tell("another hub pays 700 of its 1,000 SNM to a friend; 30 % + 1 SNM stay frozen")
        self.decide(f"suspect {hub} jobs-not-done", "Hub Cheat took money for work that nobody did")
        self.expect(self.verb("visitor", "hub", "show", "--wallet", hub)["state"] == "suspected", "the hub is suspected")
        self.tell("the DAO suspects it: everything that is not a miner's is blocked for 120 days")
        self.home_chain.pass_time(121 * DAY)
        self.decide(f"ban {hub}", "Hub Cheat had 120 days and explained nothing")
        self.expect(self.verb("visitor", "hub", "show", "--wallet", hub)["state"] == "punished", "the hub is punished")
        vault = self.snm(self.at["vault"])
        self.tell(f"after 121 days the DAO bans it: {amount(vault)} SNM lie in the vault, frozen for 180 days")
        before = self.snm(self.address("cheat's friend"))
        self.verb("cheat's friend", "miner", "draw", hub, "all")
        drawn = self.snm(self.address("cheat's friend")) - before
        self.expect(drawn == 700 * SNM, "a miner draws in every state, a ban included")
        self.expect(self.snm(hub) + drawn + vault == 1000 * SNM, "the cheat's 1,000 SNM are all accounted for")
        self.tell("the miner still draws its 700: a ban takes nothing that was a miner's")

    def take_set(self):
        """The masternodes of the running epoch, as contracts take them."""
        if self.home_chain.number(self.at["masternodes"], "latestSet()(uint64)") < self.home_chain.now() // EPOCH:
            self.home_chain.send(self.accounts["visitor"], self.at["masternodes"], "takeSet()")
        self.epoch = self.home_chain.number(self.at["masternodes"], "latestSet()(uint64)")
        active = self.home_chain.call(self.at["masternodes"], "active()(address[])")
        self.members = [one.strip() for one in active.strip("[]").split(",")]
        stakes = {one["account"].lower(): int(one["stake"]) for one in self.verb("visitor", "masternode", "show")}
        rows = ",".join(f"({one},{one},{min(stakes[one.lower()], 10_000 * SNM)})" for one in self.members)
        self.set = f"({self.epoch},[{rows}])"

    def signatures(self, digest, count=None):
        by_address = {node.address.lower(): node for node in self.nodes}
        out = []
        for index, member in enumerate(self.members[:count]):
            v, r, s = by_address[member.lower()].sign(digest)
            out.append(f"({index},{v},{r},{s})")
        return "[" + ",".join(out) + "]"

    def masternodes(self):
        for node in self.nodes:
            self.verb(node.name, "masternode", "stake", "2000 SNM")
        self.take_set()
        self.expect(len(self.members) == 4, "four masternodes")
        self.tell("four masternodes stake 2,000 SNM each")

    def price(self):
        now = self.home_chain.now() // EPOCH
        rates = [49, 51, 51, 90]  # thousandths of a USD; the last one lies
        values, signed = [], []
        by_address = {node.address.lower(): node for node in self.nodes}
        for index, thousandths in enumerate(rates):
            rate = thousandths * 10**15
            digest = self.home_chain.call(self.at["price_reports"], "reportDigest(uint64,uint88)(bytes32)", now, rate)
            v, r, s = by_address[self.members[index].lower()].sign(digest)
            values.append(str(rate))
            signed.append(f"({index},{v},{r},{s})")
        self.home_chain.send(self.accounts["visitor"], self.at["price_reports"],
                             "submit(uint64,(uint64,(address,address,uint96)[]),uint88[],(uint8,uint8,bytes32,bytes32)[])",
                             now, self.set, "[" + ",".join(values) + "]", "[" + ",".join(signed) + "]")
        rate = int(self.home_chain.call(self.at["oracle"], "latest()(uint88,uint40,bool)")[0])
        self.expect(rate == 51 * 10**15, "the median is the price")
        self.tell("they report 0.049, 0.051, 0.051 and (one lies) 0.09 USD: the price is the median, 0.051")

    def bridge(self):
        away, treasury = self.away_chain, self.accounts["treasury"]
        limits = f"({500 * SNM},{2000 * SNM},{DAY},{DAY},{30 * DAY})"
        self.away_snm = away.create(treasury, "SNM", "address", treasury.address)
        mirror = away.create(treasury, "MirrorSet", "uint256,address,(uint64,(address,address,uint96)[])",
                             self.home_chain.id, self.at["masternodes"], self.set)
        nonce = int(away.rpc("eth_getTransactionCount", treasury.address, "latest"), 16)
        self.away_gate = run(BIN / "cast", "compute-address", treasury.address, "--nonce", nonce).split()[-1]
        types = "address,address,uint256,address,(uint96,uint96,uint40,uint40,uint40)"
        self.gate = self.home_chain.create(treasury, "Gatekeeper", types, self.at["snm"], self.at["masternodes"], away.id,
                                           self.away_gate, limits)
        made = away.create(treasury, "Gatekeeper", types, self.away_snm, mirror, self.home_chain.id, self.gate, limits)
        self.expect(made.lower() == self.away_gate.lower(), "the other gate is where this one expects it")
        away.send(treasury, self.away_snm, "approve(address,uint256)", self.away_gate, 5000 * SNM)
        away.send(treasury, self.away_gate, "fund(uint96)", 5000 * SNM)
        network = json.loads(self.file.read_text())
        network["contracts"]["gatekeeper"] = self.gate
        self.file.write_text(json.dumps(network))
        self.verb("miner", "bridge", "send", self.address("visitor"), "100 SNM")
        transfer = f"({self.home_chain.id},{away.id},{self.gate},{self.away_gate},1,{self.address('visitor')},{100 * SNM})"
        shape = "(uint256,uint256,address,address,uint256,address,uint96)"
        digest = away.call(self.away_gate, f"releaseDigest({shape},uint64)(bytes32)", transfer, self.epoch)
        away.send(self.accounts["visitor"], self.away_gate,
                  f"release({shape},(uint64,(address,address,uint96)[]),(uint8,uint8,bytes32,bytes32)[])",
                  transfer, self.set, self.signatures(digest, 3))
        self.expect(away.balance(self.away_snm, self.address("visitor")) == 100 * SNM, "100 SNM arrived on the other chain")
        self.tell("the miner sends 100 SNM over the bridge; three of four masternodes sign; they are released on the other chain")

    def register_worker(self, name):
        self.home_chain.send(self.accounts[name], self.at["participants"], "register(uint8,bytes32)", 2, ZERO)

    def vote(self, leaves):
        """Votes a reward tree of two leaves for the epoch that has just ended; gives pot, nodes and sums."""
        self.home_chain.pass_time(EPOCH)
        self.take_set()
        epoch = self.home_chain.now() // EPOCH - 1
        pot = self.home_chain.call(self.at["coordinator"], "epochPot(uint64)(bytes32)", epoch)
        hashes = [keccak(keccak(pot, index, account, value)) for index, (account, value) in enumerate(leaves)]
        total = sum(value for _, value in leaves)
        root = keccak(hashes[0], leaves[0][1], hashes[1], leaves[1][1])
        seats = self.home_chain.call(self.at["coordinator"], "selected(uint64,(uint64,(address,address,uint96)[]))(address[3])", epoch, self.set)
        proposer = seats.strip("[]").split(",")[0].strip()
        previous = self.home_chain.call(self.at["coordinator"], "lastHash()(bytes32)")
        shape = ("(uint64,address,bytes32,uint64,bytes32,uint96,(bytes32,bytes32,uint96)[],"
                 "(address,uint32,uint32,uint32,uint32,uint64)[],address[])")
        changes = ",".join(f"({account},1,0,0,{EPOCH},100)" for account, _ in leaves)
        proposal = f"({epoch},{proposer},{previous},{self.epoch},{root},{total},[],[{changes}],[])"
        digest = self.home_chain.call(self.at["coordinator"], f"digestOf({shape})(bytes32)", proposal)
        self.home_chain.send(self.accounts["visitor"], self.at["coordinator"],
                             f"execute({shape},(uint64,(address,address,uint96)[]),(uint8,uint8,bytes32,bytes32)[])",
                             proposal, self.set, self.signatures(digest))
        return pot, hashes

    def rewards(self):
        for name in ("miner", "visitor"):
            self.register_worker(name)
        leaves = [(self.address("miner"), 0), (self.address("visitor"), 0)]
        self.vote([(one, value + index + 1) for index, (one, value) in enumerate(leaves)])
        pool = self.home_chain.number(self.at["coordinator"], "pool()(uint256)")
        shares = [pool * 2 // 3, pool // 3]
        leaves = [(self.address("miner"), shares[0]), (self.address("visitor"), shares[1])]
        pot, hashes = self.vote(leaves)
        self.home_chain.pass_time(EPOCH)
        claims = [{"pot": pot, "index": index, "account": account, "amount": str(value),
                   "proof": [[hashes[1 - index], str(leaves[1 - index][1])]]} for index, (account, value) in enumerate(leaves)]
        file = self.folder / "claims.json"
        file.write_text(json.dumps(claims))
        self.verb("visitor", "reward", "claim", "--file", file)
        for (account, value) in leaves:
            self.expect(self.home_chain.balance(self.at["sno"], account) == value, "the claim is paid")
        part = int(self.verb("node A", "reward", "show")["part"])
        self.verb("node A", "reward", "claim")
        self.tell(f"they vote the season's emission to two workers: {amount(shares[0])} and {amount(shares[1])} SNO are claimed with "
                  f"proofs; node A collects {amount(part)} SNO for having signed")

    def slashing(self):
        stranger = self.address("honest hub")  # never registered as a worker
        leaves = [(self.address("miner"), 10), (stranger, 10)]
        pot, hashes = self.vote(leaves)
        before = self.snm(self.address("visitor"))
        claim = f"({pot},(1,{stranger},10),[({hashes[0]},10)])"
        self.home_chain.send(self.accounts["visitor"], self.at["coordinator"],
                             "challenge(bytes32,(bytes32,(uint32,address,uint96),(bytes32,uint96)[])[],(uint64,(address,address,uint96)[]))",
                             pot, f"[{claim}]", self.set)
        self.home_chain.send(self.accounts["visitor"], self.at["masternodes"], "collect()")
        reward = self.snm(self.address("visitor")) - before
        stakes = [int(one["stake"]) for one in self.verb("visitor", "masternode", "show")]
        self.expect(stakes == [1800 * SNM] * 4, "each signer has lost a tenth")
        self.expect(reward == 4 * 200 * SNM // 5, "a fifth of it is the informer's")
        for node in self.nodes:
            self.home_chain.send(self.accounts["visitor"], self.at["masternodes"], "sweep(address)", node.address)
        self.tell(f"they vote a reward to somebody who is no worker; a visitor shows it: each signer loses 200 SNM, "
                  f"{amount(reward)} go to the visitor, the rest is frozen in the vault")
        self.verb("node D", "masternode", "unstake")
        self.home_chain.pass_time(7 * DAY)
        self.verb("node D", "masternode", "unstake")
        self.expect(self.snm(self.address("node D")) == 2800 * SNM, "what is left of a stake comes back")
        self.tell("node D resigns and has its 1,800 SNM back seven days later")

    # ---- the sheet

    def sheet(self):
        print("\nSNM on the home chain")
        total = 0
        places = [(name, account.address) for name, account in self.accounts.items()]
        places += [(name, address) for name, address in self.at.items()] + [("bridge", self.gate)]
        for owner in ("honest hub", "cheating hub"):
            places.append((f"wallet of {owner}", self.verb(owner, "hub", "show")["wallet"]))
        for name, address in places:
            has = self.snm(address)
            total += has
            if has:
                print(f"  {name:24s} {amount(has):>22s}")
        print(f"  {'sum':24s} {amount(total):>22s}  of {amount(self.supply)}")
        self.expect(total == self.supply, "every SNM is accounted for")
        supply = self.home_chain.number(self.at["sno"], "totalSupply()(uint256)")
        holders = [account.address for account in self.accounts.values()] + [self.at["coordinator"]]
        held = sum(self.home_chain.balance(self.at["sno"], one) for one in holders)
        owed = self.home_chain.number(self.at["coordinator"], "owedSno()(uint256)")
        self.expect(held == supply, "every SNO is accounted for")
        self.expect(self.home_chain.balance(self.at["sno"], self.at["coordinator"]) == owed, "what the coordinator holds is what it owes")
        print(f"SNO: {amount(supply)} emitted, {amount(owed)} of it still with the coordinator, which owes exactly that")
        bridged = self.home_chain.number(self.gate, "free()(uint256)") + self.away_chain.number(self.away_gate, "free()(uint256)")
        self.expect(bridged == 5000 * SNM, "what one gate locked the other released")
        print("bridge: what one side locked the other released")
        print("the season adds up")


def main():
    with tempfile.TemporaryDirectory(prefix="sonm-season-") as folder:
        season = Season(find_sonm(), pathlib.Path(folder))
        try:
            season.deploy()
            season.honest_hub()
            season.cheating_hub()
            season.masternodes()
            season.price()
            season.bridge()
            season.rewards()
            season.slashing()
            season.sheet()
        finally:
            season.stop()


if __name__ == "__main__":
    main()
