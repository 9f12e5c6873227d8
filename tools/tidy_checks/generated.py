"""Committed files that a program makes are what that program makes now: tools/generated.txt lists the commands that tell."""
import os
import subprocess

from .project import Finding

LIST = "tools/generated.txt"
SECONDS_MAX = 120


def check(project):
    """Each line: COMMAND, or COMMAND  # needs PATH... ; a line whose needs are absent (not built, not installed) is left out."""
    if LIST not in project.paths:
        return
    for number, line in enumerate(project.text(LIST).splitlines(), 1):
        command, _, comment = line.partition("#")
        command = command.strip()
        words = comment.split()
        needs = words[1:] if words[:1] == ["needs"] else []
        if not command or not all(os.path.exists(project.root / need) for need in needs):
            continue
        try:
            done = subprocess.run(command, shell=True, cwd=project.root, capture_output=True, text=True, timeout=SECONDS_MAX)
            failed, said = done.returncode != 0, (done.stdout + done.stderr).strip()[-600:]
        except subprocess.TimeoutExpired:
            failed, said = True, f"no end after {SECONDS_MAX} s"
        if failed:
            yield Finding(LIST, number, f"`{command}` fails ({said})", "generate the files again and commit them", "generated")
