"""The project as the checks see it: its files, its rooms, its exceptions."""
import dataclasses
import os
import re
import subprocess
from pathlib import Path

SKIPPED_FOLDERS = {".git", "build", "demo-out", "node_modules", "out", "cache", "broadcast", "__pycache__", ".cache"}
EXCEPTIONS = "tools/tidy-exceptions.txt"


@dataclasses.dataclass(order=True, frozen=True)
class Finding:
    """`kind` is the word that an exception names. A warning has error=False."""

    path: str
    line: int
    what: str
    instead: str
    kind: str
    error: bool = True

    def __str__(self):
        return f"tidy: {self.path}:{self.line}: {'' if self.error else 'warning: '}{self.what}: {self.instead}"


@dataclasses.dataclass(frozen=True)
class Room:
    name: str
    layer: int
    depends: tuple
    line: int


class Project:
    def __init__(self, root):
        self.root = Path(root)
        self.paths = sorted(self._list())
        self._texts = {}

    def _list(self):
        """Paths of tracked files and of new ones that git does not ignore; without git, of everything but build results."""
        try:
            out = subprocess.run(["git", "-C", str(self.root), "-c", "safe.directory=*", "ls-files", "-z", "--cached",
                                  "--others", "--exclude-standard"], capture_output=True, check=True).stdout
            inside = subprocess.run(["git", "-C", str(self.root), "-c", "safe.directory=*", "rev-parse", "--show-toplevel"],
                                    capture_output=True, text=True, check=True).stdout.strip()
            if os.path.realpath(inside) == os.path.realpath(self.root):
                return {path for path in out.decode().split("\0") if path and (self.root / path).is_file()}
        except (OSError, subprocess.CalledProcessError):
            pass
        found = set()
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
            found |= {os.path.relpath(os.path.join(folder, name), self.root) for name in files}
        return found

    def text(self, path):
        if path not in self._texts:
            self._texts[path] = (self.root / path).read_text(encoding="utf-8", errors="replace")
        return self._texts[path]

    def under(self, folder, *endings):
        return [path for path in self.paths if path.startswith(folder) and path.endswith(endings)]

    def rooms(self):
        """Rooms by name, as their CMakeLists.txt declare them."""
        rooms = {}
        for path in self.paths:
            match = re.fullmatch(r"src/(\w+)/CMakeLists\.txt", path)
            text = re.sub(r"#.*", "", self.text(path)) if match else ""
            call = re.search(r"\bsonm_module\(\s*(\w+)([^)]*)\)", text)
            if not call:
                continue
            words, key, values = call[2].split(), None, {}
            for word in words:
                if re.fullmatch(r"[A-Z][A-Z_]+", word):
                    key = word
                    values[key] = []
                elif key:
                    values[key].append(word)
            rooms[match[1]] = Room(call[1], int((values.get("LAYER") or ["0"])[0]), tuple(values.get("DEPENDS", ())),
                                   text[:call.start()].count("\n") + 1)
        return rooms

    def without_exceptions(self, found):
        """Takes out what an exception allows; an exception that nothing needs, or without a reason, is a finding itself."""
        if EXCEPTIONS not in self.paths:
            return found
        allowed, result = {}, []
        for number, line in enumerate(self.text(EXCEPTIONS).splitlines(), 1):
            words = line.split(None, 2)
            if not words or words[0].startswith("#"):
                continue
            if len(words) < 3:
                result.append(Finding(EXCEPTIONS, number, "an exception without a reason", "write PATH KIND REASON", "exception"))
            else:
                allowed[(words[0], words[1])] = number
        used = {(finding.path, finding.kind) for finding in found}
        for (path, kind), number in allowed.items():
            if (path, kind) not in used:
                result.append(Finding(EXCEPTIONS, number, f"nothing in {path} needs the exception '{kind}'", "remove the line",
                                      "exception", error=False))
        return result + [finding for finding in found if (finding.path, finding.kind) not in allowed]
