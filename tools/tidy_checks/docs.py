"""Every link between documents leads somewhere, and each room says what it is for."""
import os
import re
from urllib.parse import unquote

from .project import Finding

LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)")
OUTSIDE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
README_LINES_MAX = 40


def check(project):
    yield from room_readmes(project)
    known = set(project.paths)
    folders = {os.path.dirname(path) for path in known}
    folders |= {"/".join(folder.split("/")[:depth]) for folder in folders for depth in range(1, folder.count("/") + 1)}
    for path in project.paths:
        if not path.endswith(".md"):
            continue
        for number, target in links(project.text(path)):
            if OUTSIDE.match(target):
                continue
            where, _, anchor = target.partition("#")
            full = os.path.normpath(os.path.join(os.path.dirname(path), unquote(where))) if where else path
            if where.startswith("/"):
                yield Finding(path, number, f"link to '{target}'", "write it relative to this file", "link")
            elif full != "." and full not in known and full not in folders:
                yield Finding(path, number, f"link to '{target}': there is no {full}", "correct the path", "link")
            elif anchor and full.endswith(".md") and full in known and anchor.lower() not in anchors(project.text(full)):
                yield Finding(path, number, f"link to '{target}': {full} has no such heading", "correct the part after #", "link")


def prose(text):
    """(line number, line) outside code blocks, code spans blanked."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and (fence is None or mark[1].startswith(fence)):
            fence = None if fence else mark[1]
        elif fence is None:
            yield number, re.sub(r"(`+)(?:(?!\1).)*\1", "", line)


def links(text):
    for number, line in prose(text):
        for match in LINK.finditer(line):
            yield number, match[1]
        reference = REFERENCE.match(line)
        if reference and not reference[1].startswith("^"):
            yield number, reference[1]


def anchors(text):
    """The names that headings get: lower case, punctuation dropped, blanks as dashes, repeated ones numbered."""
    seen, fence = {}, False
    for line in text.splitlines():
        if re.match(r"\s*(```|~~~)", line):
            fence = not fence
        heading = None if fence else re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            name = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()).replace(" ", "-")
            seen[name] = seen.get(name, -1) + 1
            if seen[name]:
                seen[f"{name}-{seen[name]}"] = 0
    return set(seen) | set(re.findall(r'<a (?:name|id)="([^"]+)"', text))


def room_readmes(project):
    for room in project.rooms():
        path = f"src/{room}/README.md"
        if path not in project.paths:
            yield Finding(path, 1, "this room has no README.md", "say what it does, who may call it, its invariants", "readme")
        elif project.text(path).count("\n") > README_LINES_MAX:
            yield Finding(path, 1, f"longer than {README_LINES_MAX} lines", "move detail to docs/ or to the headers", "readme")
