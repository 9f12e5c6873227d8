"""Words that have a better replacement in this project, and statements that compilers get wrong."""
import dataclasses
import re

from . import cpp
from .project import Finding


@dataclasses.dataclass(frozen=True)
class Ban:
    pattern: str
    instead: str
    allowed: str  # a regular expression of paths
    excuse: str = ""  # a regular expression: a line with this, in its comment too, is allowed


# Tests of whole programs (tests/), benchmarks and base itself may use what base wraps.
WRAPPED = r"src/base/|tests/|bench/|.*_bench\.cpp$"
BANS = tuple(Ban(*row) for row in (
    (r"\bco_spawn\s*\(", "TaskGroup::spawn (base/async.hpp): every task has an owner that awaits it", WRAPPED),
    (r"\bdetached\b", "TaskGroup::spawn (base/async.hpp): every task has an owner that awaits it", WRAPPED),
    (r"\bawaitable_operators\b", "within(limit, task) or TaskGroup (base/async.hpp): `||` hides errors until its timer ends", r"src/base/"),
    (r"\bsystem_clock\b", "Clock& (base/clock.hpp): tests inject time", r"src/base/clock|tests/|bench/|.*_bench\.cpp$"),
    (r"\bstd::sto(?:i|l|ll|ul|ull|f|d|ld)\s*\(", "parse_int<T> (base): a wrong number is a value, not an exception", r"^$"),
    (r"\b(?:ato(?:i|l|ll|f)|strto(?:l|ll|ul|ull|d|f))\s*\(", "parse_int<T> (base): tells a wrong number from 0", r"^$"),
    (r"\bcatch\s*\(\s*\.\.\.\s*\)", "nothing: let the task group handle it; this swallows cancellation", r"src/base/"),
    (r"\bcatch\s*\(\s*[^.\s]", "Result<T>; an adapter of a throwing library says so on this line: `// nlohmann reports by exception`", WRAPPED,
     r"//\s*\S+.* exception"),
    (r"\bstd::j?thread\b", "TaskGroup, or the pool of base for heavy work", WRAPPED + r"|.*_test\.cpp$"),
    (r"\bthis_thread::sleep_(?:for|until)\s*\(|\b(?:u|nano)sleep\s*\(", "sleep_for of base/async.hpp, which ends when its task is cancelled", WRAPPED),
    (r"\bstd::system\s*\(|\b(?:popen|sprintf|strcpy|strcat|gets)\s*\(", "a bounded, typed call (fmt, std::string; base/process.hpp)", r"tests/"),
))
SOURCES = (".hpp", ".cpp", ".h", ".inc")
TODO = re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\): )")
COMMENTED = (".sol", ".py", ".sh", ".cmake", ".txt", ".ts", ".tsx", ".mjs", ".js")


def check(project):
    for path in project.paths:
        if path.endswith(SOURCES):
            text = project.text(path)
            yield from words(path, text)
            yield from awaits(path, text)
            yield from todos(path, cpp.comments(text), text)
        elif path.endswith(COMMENTED) and not path.startswith("tools/tidy_checks/"):
            text = project.text(path)
            marks = [(match.start(), match[0]) for match in re.finditer(r"(?:#|//|/\*).*", text)]
            yield from todos(path, marks, text)


def words(path, text):
    code, lines = cpp.code(text), text.splitlines()
    for ban in BANS:
        if re.match(ban.allowed, path):
            continue
        for match in re.finditer(ban.pattern, code):
            line = line_of(code, match.start())
            if ban.excuse and re.search(ban.excuse, lines[line - 1]):
                continue
            yield Finding(path, line, f"`{match[0].strip()}`", f"use {ban.instead}", "banned")


def awaits(path, text):
    code, seen = cpp.code(text), set()
    for begin, statement in cpp.await_statements(code):
        found = cpp.unnamed_temporary(statement)
        if found and begin + found[0] not in seen:
            seen.add(begin + found[0])
            yield Finding(path, line_of(code, begin + found[0]), f"{found[1]} in one statement with co_await",
                          "give it a name before, then std::move it (compilers destroy such temporaries twice)", "co_await")


def todos(path, comments, text):
    for position, comment in comments:
        match = TODO.search(comment)
        if match:
            yield Finding(path, line_of(text, position + match.start()), f"`{match[0]}` without a number",
                          "write `TODO(#123): ...` with the number of an open issue, or do it", "todo")


def line_of(text, position):
    return text.count("\n", 0, position) + 1
