"""Locators as programs on the loopback interface: they find each other, and lose each other.

SONM_LOCATOR_NODE is the program (tests/support/locator_node.cpp). Python's own msgpack is the oracle of the wire.
"""
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

try:
    import msgpack
except ImportError:
    print("SKIPPED: python3-msgpack is not installed")
    sys.exit(77)

NODE = os.environ.get("SONM_LOCATOR_NODE", "")
INTERVAL = 1.0
SILENCE = 3 * INTERVAL


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def multicast_works(group, port):
    """Whether datagrams to a group come back on the loopback interface of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.settimeout(1)
        try:
            ear.bind((group, port))
            ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton("127.0.0.1"))
            shout(group, port, b"x")
            return ear.recv(10) == b"x"
        except OSError:
            return False


def shout(group, port, datagram):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        mouth.sendto(datagram, (group, port))


class Node:
    """A node as a program, and questions to it as an old client asks them: bare frames, a connection each."""

    def __init__(self, folder, config, *names):
        self.log = open(Path(folder) / f"node-{len(os.listdir(folder))}.log", "w+")
        path = Path(folder) / f"config-{len(os.listdir(folder))}.yaml"
        path.write_text(config)
        self.process = subprocess.Popen([NODE, path, *names], stdout=subprocess.PIPE, stderr=self.log, text=True)
        words = self.process.stdout.readline().split()
        if words[:1] != ["ready"]:
            raise RuntimeError(" ".join(words))
        host, port = words[1].rsplit(":", 1)
        self.address, self.uuid = (host, int(port)), words[2]

    def ask(self, method, *args):
        with socket.create_connection(self.address, 5) as line:
            line.sendall(msgpack.packb([1, method, list(args), []], use_bin_type=False))
            unpacker = msgpack.Unpacker(raw=False, strict_map_key=False)
            while True:
                data = line.recv(65536)
                if not data:
                    raise ConnectionError("closed")
                unpacker.feed(data)
                for frame in unpacker:
                    return frame[1], frame[2]

    def finds(self, name):
        kind, args = self.ask(0, name)
        return args[0] if kind == 0 else None

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


class Nodes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.group = f"239.255.{random.randint(1, 250)}.{random.randint(1, 250)}"
        self.port = free_udp_port()
        self.has_multicast = multicast_works(self.group, self.port)

    def multicast(self, *names, more=""):
        if not self.has_multicast:
            self.skipTest("no multicast on the loopback interface of this machine")
        config = (f"interval: {INTERVAL:.0f} s\n{more}multicast:\n  group: {self.group}\n  port: {self.port}\n"
                  "  interface: 127.0.0.1\n  loopback: true\n")
        return self.start(config, *names)

    def start(self, config, *names):
        node = Node(self.folder, config, *names)
        self.addCleanup(node.stop)
        return node

    def within(self, seconds, what, condition):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)

    def test_nodes_that_start_find_each_others_services(self):
        nodes = [self.multicast(f"only-{i}", "echo") for i in range(3)]
        for asker in nodes:
            for i in range(3):
                self.within(10, f"only-{i}", lambda: asker.finds(f"only-{i}"))
        self.within(5, "all linked", lambda: all(port for _, port in nodes[0].ask(3)[1][0].values()))
        self.assertEqual(set(nodes[0].ask(3)[1][0]), {nodes[1].uuid, nodes[2].uuid})
        self.assertEqual(nodes[1].ask(6)[1], [nodes[1].uuid])
        # The address that a node gives for another's service is that service: an old client calls it at once.
        host, port = nodes[0].finds("only-2")[0]
        nodes[0].address, kept = (host, port), nodes[0].address
        self.assertEqual(nodes[0].ask(0, "hello"), (0, ["hello"]))
        nodes[0].address = kept

    def test_nodes_find_each_other_by_ipv6(self):
        if "sonm0" not in [name for _, name in socket.if_nameindex()]:
            self.skipTest("no network of its own with an interface for IPv6 multicast (needs root)")
        config = (f"interval: {INTERVAL:.0f} s\nmulticast:\n  group: ff15::1053:7\n  port: {self.port}\n"
                  "  interface: sonm0\n  loopback: true\n")
        asker, other = self.start(config, "echo"), self.start(config, "other")
        self.within(10, "other", lambda: asker.finds("other"))
        self.within(10, "echo", lambda: other.finds("echo"))

    def test_unknown_name_is_answered_as_old_clients_expect(self):
        node = self.start("{}\n")
        self.assertEqual(node.ask(0, "nobody"), (1, [[10, 1], "service is not available"]))

    def test_killed_node_is_forgotten(self):
        asker, victim = self.multicast("echo"), self.multicast("victim")
        self.within(10, "found", lambda: asker.finds("victim"))
        victim.process.kill()
        self.within(SILENCE, "dropped", lambda: asker.finds("victim") is None)
        self.within(SILENCE + 2, "out of the cluster", lambda: victim.uuid not in asker.ask(3)[1][0])

    def test_node_that_stands_still_is_noticed_and_taken_back(self):
        asker, victim = self.multicast("echo"), self.multicast("victim")
        self.within(10, "found", lambda: asker.finds("victim"))
        victim.process.send_signal(signal.SIGSTOP)
        self.within(SILENCE + 0.5, "dropped", lambda: asker.finds("victim") is None)
        victim.process.send_signal(signal.SIGCONT)
        self.within(15, "back", lambda: asker.finds("victim"))

    def test_hostile_datagrams_change_nothing(self):
        asker, other = self.multicast("echo"), self.multicast("other")
        self.within(10, "found", lambda: asker.finds("other"))
        rng = random.Random(7)
        good = msgpack.packb([other.uuid, [["127.0.0.1", 10053]]], use_bin_type=False)
        for i in range(3000):
            choice = i % 5
            if choice == 0:
                datagram = rng.randbytes(rng.randint(0, 1400))
            elif choice == 1:
                datagram = good[:rng.randint(0, len(good))]
            elif choice == 2:
                datagram = msgpack.packb([f"liar-{i}", [["127.0.0.1", 9]]])
            elif choice == 3:
                datagram = msgpack.packb([other.uuid, [["192.0.2.66", 10053]]])
            else:
                datagram = b"\xdd" + struct.pack(">I", 0xFFFFFFFF) + b"\x91" * 1000
            shout(self.group, self.port, datagram)
        self.assertTrue(asker.finds("other"))
        self.assertIsNone(asker.process.poll())
        self.assertLessEqual(len(asker.ask(3)[1][0]), 256)
        # A flood is cut at its source; here all share one address, so an honest newcomer waits for a window.
        late = self.multicast("late")
        self.within(20, "a newcomer is found", lambda: asker.finds("late"))
        self.assertIsNone(late.process.poll())

    def test_configured_peers_find_each_other_without_multicast(self):
        first = self.start("uuid: first\nannounce: true\n", "one")
        second = self.start(f"uuid: second\npeers: {{first: '127.0.0.1:{first.address[1]}'}}\n", "two")
        self.within(10, "one", lambda: second.finds("one"))
        self.assertIsNone(first.finds("two"), "it was told of nobody")
        impostor = self.start(f"uuid: third\npeers: {{somebody: '127.0.0.1:{first.address[1]}'}}\n", "three")
        time.sleep(1)
        self.assertIsNone(impostor.finds("one"), "its uuid is not the configured one")
        self.assertEqual(impostor.ask(3)[1], [{"somebody": ["0.0.0.0", 0]}])

    def test_kernel_balances(self):
        if not os.path.exists("/proc/net/ip_vs"):
            self.skipTest("the kernel has no IPVS (no /proc/net/ip_vs)")
        asker = self.multicast(more="gateway: ipvs\nipvs:\n  address: 127.0.0.1\n  port_low: 29100\n  port_high: 29199\n")
        self.multicast("balanced")
        self.multicast("balanced")
        self.within(10, "balanced", lambda: (asker.finds("balanced") or [["", 0]])[0][1] in range(29100, 29200))


def enter_own_network():
    """As root: the same test again in a network of its own, so that nothing is heard of it elsewhere."""
    if os.environ.get("SONM_OWN_NETWORK"):
        for command in ("ip link set lo up", "ip link add sonm0 type veth peer name sonm1", "ip link set sonm0 up",
                        "ip link set sonm1 up", "ip -6 address add fd00:1053::1/64 dev sonm0 nodad"):
            subprocess.run(command.split(), check=False, stderr=subprocess.DEVNULL)
        return
    try:
        alone = subprocess.run(["unshare", "-n", "true"], stderr=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        return
    if alone:
        os.environ["SONM_OWN_NETWORK"] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])


if __name__ == "__main__":
    if not NODE:
        print("SKIPPED: SONM_LOCATOR_NODE names no program")
        sys.exit(77)
    enter_own_network()
    unittest.main(verbosity=2)
