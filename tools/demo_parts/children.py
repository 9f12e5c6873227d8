"""The processes that the demo starts, so that they end with it, also when the demo itself was killed."""
import json
import os
import signal
import subprocess
import time
from pathlib import Path

STOP_SECONDS_MAX = 10


class Children:
    """Each child is known by a name and noted in a file by pid and start time: a later demo can end what this one left."""

    def __init__(self, note, logs):
        self.note, self.logs = Path(note), Path(logs)
        self.commands, self.running = {}, {}

    def start(self, name, command, env=None):
        """Starts it with its output going to logs/NAME.log: a new one, unless it is started again. Returns the process."""
        mode = "ab" if name in self.commands else "wb"
        self.commands[name] = (command, env)
        with open(self.logs / f"{name}.log", mode) as log:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                     env={**os.environ, **(env or {})}, start_new_session=True)
        self.running[name] = child
        self._write()
        return child

    def kill(self, name):
        """kill -9, as a crash would."""
        self.running[name].kill()
        self.running[name].wait()

    def restart(self, name):
        command, env = self.commands[name]
        return self.start(name, command, env)

    def dead(self):
        """Names of those that ended although nobody asked them to, with their exit codes."""
        return {name: child.returncode for name, child in self.running.items() if child.poll() is not None}

    def stop(self, name):
        child = self.running.pop(name)
        end(child.pid)
        child.wait()
        self._write()

    def stop_all(self):
        for name in reversed(list(self.running)):
            self.stop(name)

    def stop_leftovers(self):
        """Ends what an earlier demo noted and did not stop."""
        try:
            noted = json.loads(self.note.read_text())
        except (OSError, ValueError):
            return
        for pid, started in reversed(noted):
            if start_time(pid) == started:
                end(pid)
        self.note.unlink(missing_ok=True)

    def _write(self):
        noted = [[child.pid, start_time(child.pid)] for child in self.running.values() if child.poll() is None]
        self.note.parent.mkdir(parents=True, exist_ok=True)
        self.note.write_text(json.dumps(noted))


def start_time(pid):
    """When the process began, in the kernel's ticks: pids are reused, this pair is not. None if there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else int(fields[19])
    except OSError:
        return None


def end(pid):
    """SIGTERM, and SIGKILL when that does not help."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while time.monotonic() < deadline:
            if start_time(pid) is None:
                return
            time.sleep(0.02)
