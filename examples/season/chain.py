"""Two development chains, their clock, and the few things that `sonm` has no verb for, by Foundry's `cast`."""

import json
import pathlib
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "contracts/node_modules/.bin"
#: Foundry's public development mnemonic: its accounts are known to everybody and hold nothing of value.
MNEMONIC = "test test test test test test test test test test test junk"
SNM = 10**18


def run(*command, env=None, check=True):
    """Output of a program. On failure: its last words."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=env, timeout=120)
    if check and done.returncode != 0:
        raise SystemExit(f"season: {' '.join(map(str, command))[:200]}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout.strip()


class Account:
    def __init__(self, index, name):
        self.index, self.name = index, name
        self.key = run(BIN / "cast", "wallet", "private-key", "--mnemonic", MNEMONIC, "--mnemonic-index", index)
        self.address = run(BIN / "cast", "wallet", "address", self.key)

    def sign(self, digest):
        """A signature over a digest as the contracts take it: v, r, s."""
        raw = run(BIN / "cast", "wallet", "sign", "--no-hash", digest, "--private-key", self.key)[2:]
        return int(raw[128:130], 16), "0x" + raw[:64], "0x" + raw[64:128]


class Chain:
    """One anvil on loopback. Ends with stop()."""

    def __init__(self, chain_id):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.id, self.url = chain_id, f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [BIN / "anvil", "--port", str(port), "--chain-id", str(chain_id), "--mnemonic", MNEMONIC, "--silent"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                self.rpc("eth_chainId")
                return
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit("season: anvil ended at once")
                time.sleep(0.1)
        raise SystemExit("season: anvil did not answer within 30 s")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def rpc(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        answer = json.load(urllib.request.urlopen(request, timeout=30))
        if "error" in answer:
            raise SystemExit(f"season: {method}: {answer['error']}")
        return answer["result"]

    def now(self):
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def pass_time(self, seconds):
        self.rpc("evm_increaseTime", seconds)
        self.rpc("evm_mine")

    def call(self, contract, signature, *args):
        """What a contract answers, one value a line."""
        lines = run(BIN / "cast", "call", contract, signature, *args, "--rpc-url", self.url).splitlines()
        values = [line.split(" [")[0] for line in lines]
        return values[0] if len(values) == 1 else values

    def number(self, contract, signature, *args):
        return int(self.call(contract, signature, *args))

    def send(self, account, contract, signature, *args):
        run(BIN / "cast", "send", contract, signature, *args, "--rpc-url", self.url, "--private-key", account.key)

    def create(self, account, name, types, *args):
        """Deploys one of the committed artifacts and gives its address."""
        artifact = json.loads((ROOT / f"contracts/artifacts/{name}.json").read_text())
        arguments = run(BIN / "cast", "abi-encode", f"constructor({types})", *args)[2:] if types else ""
        out = run(BIN / "cast", "send", "--json", "--rpc-url", self.url, "--private-key", account.key, "--create",
                  artifact["bytecode"] + arguments)
        return json.loads(out)["contractAddress"]

    def balance(self, token, holder):
        return self.number(token, "balanceOf(address)(uint256)", holder)


def keccak(*words):
    """Of 32-byte words: numbers, addresses and hashes."""
    data = "".join(f"{int(word, 16) if isinstance(word, str) else word:064x}" for word in words)
    return run(BIN / "cast", "keccak", "0x" + data)
