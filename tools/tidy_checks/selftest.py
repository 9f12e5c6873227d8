"""Proof that the checks fail when they should: each fault is planted in a copy of part of the project and must be found."""
import shutil
import tempfile
from pathlib import Path

from .project import Project

# Two rooms of our own, so that the proof does not depend on which rooms the project has.
ROOMS = {
    "src/zz_low/CMakeLists.txt": "sonm_module(zz_low LAYER 1)\n",
    "src/zz_low/README.md": "# zz_low\n",
    "src/zz_low/low.hpp": "#pragma once\n",
    "src/zz_mid/CMakeLists.txt": "sonm_module(zz_mid LAYER 2 DEPENDS zz_low)\n",
    "src/zz_mid/README.md": "# zz_mid\n",
    "src/zz_mid/mid.hpp": "#pragma once\n#include <sonm/zz_low/low.hpp>\n",
    "src/zz_high/CMakeLists.txt": "sonm_module(zz_high LAYER 3\n  DEPENDS zz_mid)\n",
    "src/zz_high/README.md": "# zz_high\n",
    "src/zz_high/high.hpp": "#pragma once\n#include <sonm/zz_mid/mid.hpp>\n",
}
CPP = "src/zz_mid/fault.cpp"
# (what, file, its content, part of the expected message; None: nothing may be found)
CASES = (
    ("upward include", "src/zz_low/low.hpp", "#pragma once\n#include <sonm/zz_high/high.hpp>\n", "zz_low includes zz_high"),
    ("include of a room that is only a dependency's dependency", CPP.replace("mid", "high"), "#include <sonm/zz_low/low.hpp>\n",
     "zz_high includes zz_low"),
    ("relative include", CPP, '#include "../zz_low/low.hpp"\n', "relative path"),
    ("include of no room", CPP, "#include <sonm/zz_none/x.hpp>\n", "does not exist"),
    ("upward dependency", "src/zz_low/CMakeLists.txt", "sonm_module(zz_low LAYER 1 DEPENDS zz_mid)\n", "lower layers"),
    ("circle", "src/zz_low/CMakeLists.txt", "sonm_module(zz_low LAYER 1 DEPENDS zz_mid)\n", "zz_low -> zz_mid -> zz_low"),
    ("room without README", "src/zz_low/README.md", None, "no README.md"),
    ("long file", CPP, "int a;\n" * 401, "401 lines"),
    ("long header", "src/zz_mid/fault.hpp", "int a;\n" * 401, "401 lines"),
    ("big file", "docs/zz.bin", "x" * 1_100_000, "the limit is 1048576"),
    ("dead link", "docs/zz.md", "see [this](nowhere/at-all.md)\n", "there is no docs/nowhere"),
    ("dead anchor", "docs/zz.md", "# One\nsee [this](#two)\n", "no such heading"),
    ("live links", "docs/zz.md", "# One two\n[a](#one-two) [b](../LICENSE) [c](https://example.org)\n`[d](none.md)`\n", None),
    ("generated file out of date", "tools/generated.txt", "cmp LICENSE tools/tidy  # needs LICENSE\n", "generate the files again"),
    ("generator absent", "tools/generated.txt", "false  # needs no/such/program\n", None),
    ("TODO", CPP, "// TODO: later\n", "TODO(#123)"),
    ("TODO with number", CPP, "// TODO(#12): later\n", None),
    ("co_spawn", CPP, "void f() { asio::co_spawn(e, g(), h); }\n", "TaskGroup"),
    ("detached", CPP, "auto a = asio::detached;\n", "TaskGroup"),
    ("operators", CPP, "using namespace asio::experimental::awaitable_operators;\n", "within"),
    ("clock", CPP, "auto t = std::chrono::system_clock::now();\n", "Clock&"),
    ("stoi", CPP, "int a = std::stoi(s);\n", "parse_int"),
    ("atoi", CPP, "int a = atoi(s);\n", "parse_int"),
    ("catch all", CPP, "void f() { try { g(); } catch (...) { } }\n", "swallows cancellation"),
    ("catch", CPP, "void f() { try { g(); } catch (const std::exception& e) { } }\n", "Result<T>"),
    ("catch in an adapter", CPP, "void f() { try { g(); } catch (const E& e) {  // yaml-cpp reports by exception\n} }\n", None),
    ("thread", CPP, "std::thread t;\n", "TaskGroup"),
    ("sleep", CPP, "std::this_thread::sleep_for(1s);\n", "ends when its task"),
    ("words in comments and strings", CPP, '// std::thread\nauto a = "co_spawn("; /* detached */ auto b = R"(atoi()"\n', None),
    ("aggregate with co_await", CPP, 'Task<void> f() { co_await g(Spec{"x"}); }\n', "braced list"),
    ("aggregate before co_await", CPP, "Task<void> f() { h(Spec{1}, co_await g()); }\n", "braced list"),
    ("designated aggregate", CPP, "Task<void> f() {\n    auto r = co_await g(\n        {.a = 1});\n}\n", "braced list"),
    ("lambda with co_await", CPP, "Task<void> f() { co_await g([s] { return s; }); }\n", "lambda"),
    ("returned lambda call", CPP, "Task<int> f() { co_return [] { return 1; }() + co_await g(); }\n", "lambda"),
    ("good coroutine", CPP, """Task<void> f() {
    auto [ec, count] = co_await read(a[1], b.at(2));
    Spec spec{.a = 1};
    auto again = [this]() -> Task<void> { co_await g(); };
    if (auto x = co_await g(std::move(spec)); !x) { co_return; }
    while (co_await more()) { use(table[co_await next()]); }
    for (auto& [key, value] : co_await list()) { use(key); }
    const auto& [one, two] = co_await pair();
    SONM_TRY(y, co_await g(), "text {} [x]", 1);
}
""", None),
)


def run(root, findings):
    """0 if each planted fault was found and nothing else was."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="sonm-tidy-") as folder:
        copy = Path(folder)
        # Enough to be a project; the whole of it would have to be searched anew for each fault.
        for path in Project(root).paths:
            if path.count("/") > 1 or path.startswith(("src/", "contracts/", "tests/")):
                continue
            target = copy / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / path, target)
        # The committed list runs real generators: they are not what is tested here.
        (copy / "tools/generated.txt").write_text("")
        for path, content in ROOMS.items():
            put(copy / path, content)
        before = set(map(str, findings(copy)))
        for what, path, content, expected in CASES:
            target = copy / path
            old = target.read_text() if target.exists() else None
            put(target, content)
            new = [line for line in map(str, findings(copy)) if line not in before]
            put(target, old)
            good = not new if expected is None else any(expected in line for line in new)
            if not good:
                failed += 1
                print(f"tidy self-test: {what}: expected {expected or 'nothing'}, found {new or 'nothing'}")
    print(f"tidy self-test: {len(CASES) - failed} of {len(CASES)} as expected")
    return 1 if failed else 0


def put(path, content):
    """Writes the file, or removes it if content is None."""
    if content is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
