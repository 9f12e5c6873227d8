#!/usr/bin/python3
"""An app worker out of sockets and MessagePack alone, which can misbehave. MODE says how; events do the rest."""
import errno
import json
import os
import signal
import socket
import sys
import threading
import time

sys.path.append("/usr/lib/python3/dist-packages")
import msgpack  # noqa: E402

FLAGS = dict(zip(sys.argv[1::2], sys.argv[2::2]))
MODE = os.environ.get("MODE", "good")
VERSION = os.environ.get("VERSION", "1")


def main():
    assert list(FLAGS) == ["--app", "--endpoint", "--locator", "--protocol", "--uuid"], sys.argv
    print("born", MODE, flush=True)
    if MODE == "silent":
        time.sleep(1000)
    if MODE == "exits":
        print("last words", flush=True)
        sys.exit(7)
    worker = Worker()
    if MODE == "stranger":
        worker.send(1, 0, "00000000-0000-4000-8000-000000000000")
        worker.send(1, 0)
        worker.serve()
        time.sleep(1000)
    worker.send(1, 0, FLAGS["--uuid"])
    if MODE == "garbage":
        worker.socket.sendall(b"\xc1\xff this is no frame " * 1000)
        time.sleep(1000)
    if MODE == "bad frame":
        worker.socket.sendall(msgpack.packb([1, 77, []]))
        time.sleep(1000)
    if MODE == "chatter":
        threading.Thread(target=chatter, daemon=True).start()
    if MODE != "no heart":
        threading.Thread(target=worker.beat, daemon=True).start()
    worker.serve()


def chatter():
    while True:
        os.write(1, b"x" * 65536)


class Worker:
    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(FLAGS["--endpoint"])
        self.lock = threading.Lock()
        self.highest = 1
        self.events = {}

    def send(self, channel, kind, *args):
        with self.lock:
            self.socket.sendall(msgpack.packb([channel, kind, list(args)], use_bin_type=False))

    def beat(self):
        while True:
            self.send(1, 0)
            time.sleep(0.3)

    def serve(self):
        unpacker = msgpack.Unpacker(raw=True, strict_map_key=False)
        while True:
            got = self.socket.recv(65536)
            if not got:
                return
            unpacker.feed(got)
            for channel, kind, args, *_ in unpacker:
                if channel == 1 and kind == 1 and MODE != "stubborn":
                    self.send(1, 1, args[0], args[1])
                    return
                if channel > self.highest:
                    self.highest = channel
                    self.events[channel] = args[0].decode()
                    self.begin(channel, self.events[channel])
                elif channel in self.events:
                    self.go_on(channel, self.events[channel], kind, args)

    def begin(self, channel, event):
        if event == "pid":
            self.send(channel, 0, str(os.getpid()))
            self.send(channel, 2)
        elif event == "version":
            self.send(channel, 0, VERSION)
            self.send(channel, 2)
        elif event == "user":
            self.send(channel, 0, f"{os.getuid()} {os.getcwd()} {no_new_privileges()}")
            self.send(channel, 2)
        elif event == "rights":
            self.send(channel, 0, json.dumps(rights()))
            self.send(channel, 2)
        elif event == "bomb":
            self.send(channel, 0, bomb())
            self.send(channel, 2)
        elif event == "storm":
            self.send(channel, 0, str(os.getpid()))
            self.send(channel, 2)
            storm()
        elif event == "stray":
            self.send(channel, 0, str(stray()))
            self.send(channel, 2)
        elif event == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif event == "boom":
            self.send(channel, 1, [42, 100], "boom")
        elif event == "reuse":
            for _ in range(3):
                self.send(channel, 0, "one")
                self.send(channel, 2)
        elif event == "torrent":
            threading.Thread(target=self.torrent, args=(channel,), daemon=True).start()
        elif event == "child":
            child = os.fork()
            if child == 0:
                time.sleep(1000)
            self.send(channel, 0, str(child))
            self.send(channel, 2)

    def torrent(self, channel):
        for _ in range(256):
            self.send(channel, 0, b"t" * 262144)
        self.send(channel, 2)

    def go_on(self, channel, event, kind, args):
        if event == "echo" and kind == 0:
            self.send(channel, 0, args[0])
        elif event == "echo" and kind == 2:
            self.send(channel, 2)
        elif kind == 1:
            print("client gone", event, flush=True)
        elif event == "eat" and kind == 0:
            eaten = b"x" * (int(args[0]) << 20)
            self.send(channel, 0, f"{len(eaten)} bytes were there")
            self.send(channel, 2)
        elif event == "slow" and kind == 0:
            seconds = float(args[0])
            threading.Timer(seconds, lambda: (self.send(channel, 0, "late"), self.send(channel, 2))).start()


def status():
    with open("/proc/self/status") as file:
        return {key: value.split() for key, _, value in (line.partition(":") for line in file)}


def no_new_privileges():
    lines = status()
    return lines["NoNewPrivs"][0] + lines["Seccomp"][0]


def rights():
    """Who it is, what it may, and where it thinks that it lives."""
    lines = status()
    out = {key: lines[key] for key in ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    return {**out, "HOME": os.environ.get("HOME"), "folder": os.getcwd()}


def bomb():
    """Forks until that fails: how often it worked, and why it did not."""
    count = 0
    while count < 1000:
        try:
            if os.fork() == 0:
                time.sleep(1000)
                os._exit(0)
        except OSError as error:
            return f"{count} {errno.errorcode[error.errno]}"
        count += 1
    return f"{count} and no end"


def storm():
    """Every process forks for ever, in sessions of their own."""
    while True:
        try:
            if os.fork() == 0:
                os.setsid()
        except OSError:
            pass


def stray():
    """A process that has left its session and its parent."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        pid = os.fork()
        if pid:
            os.write(write, str(pid).encode())
            os._exit(0)
        time.sleep(1000)
    os.wait()
    return int(os.read(read, 20))


main()
