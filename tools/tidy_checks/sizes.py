"""Size is a budget: a file that outgrows it has more than one responsibility."""
from .project import Finding

# (endings, lines that warn, lines that fail)
BUDGETS = (
    ((".hpp", ".h"), 200, 400),
    ((".cpp", ".py", ".sol", ".ts", ".tsx", ".mjs"), 400, 400),
)
BYTES_MAX = 1 << 20


def check(project):
    for path in project.paths:
        size = (project.root / path).stat().st_size
        if size > BYTES_MAX:
            yield Finding(path, 1, f"{size} bytes, the limit is {BYTES_MAX}", "make it when it is needed, or pack it", "blob")
            continue
        budget = next((budget for budget in BUDGETS if path.endswith(budget[0])), None)
        if budget is None and is_script(project, path):
            budget = BUDGETS[1]
        if budget is None or ".gen." in path:
            continue
        _, warn, limit = budget
        lines = project.text(path).count("\n")
        if lines > limit:
            yield Finding(path, 1, f"{lines} lines, the limit is {limit}",
                          "split it by responsibility, or add it to tools/tidy-exceptions.txt with the reason", "size")
        elif lines > warn:
            yield Finding(path, 1, f"{lines} lines, the budget is {warn}", "think about splitting it", "size", error=False)


def is_script(project, path):
    if "." in path.rsplit("/", 1)[-1] or not (path.startswith("tools/") or "/" not in path):
        return False
    return project.text(path).startswith("#!")
