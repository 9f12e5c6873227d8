"""What the demo prints: a line for each step, a bar while something takes long, a table at the end."""
import os
import sys
import time


class Failure(Exception):
    """Ends the demo; the text says what was wrong and where to look."""

    def __init__(self, text, exit_code=1):
        super().__init__(text)
        self.exit_code = exit_code


class Show:
    def __init__(self):
        self.began = time.monotonic() - float(os.environ.get("SONM_DEMO_SECONDS", "0"))
        self.terminal = sys.stdout.isatty()
        self.drawn = False
        self.quarter = None

    def step(self, text):
        self.clear()
        print(f"{time.monotonic() - self.began:4.0f} s  {text}", flush=True)

    def detail(self, text):
        self.clear()
        print(f"        {text}", flush=True)

    def bar(self, share, text):
        """Redrawn in place on a terminal; elsewhere a line for each new quarter."""
        share = min(max(share, 0.0), 1.0)
        drawn = f"       [{'#' * int(20 * share):.<20}] {text}"
        if self.terminal:
            print(f"\r\033[K{drawn}", end="", flush=True)
            self.drawn = True
        elif self.quarter != int(4 * share):
            self.quarter = int(4 * share)
            print(drawn, flush=True)

    def table(self, header, rows):
        """Columns that line up; numbers flush right."""
        self.clear()
        lines = [header, *rows]
        widths = [max(len(str(line[i])) for line in lines) for i in range(len(header))]
        for line in lines:
            cells = [f"{cell:>{width}}" if is_number(rows, i) else f"{cell:<{width}}"
                     for i, (cell, width) in enumerate(zip(map(str, line), widths))]
            print("        " + "   ".join(cells).rstrip(), flush=True)

    def clear(self):
        if self.drawn:
            print("\r\033[K", end="")
        self.drawn = False


def is_number(rows, column):
    return all(str(row[column]).replace(".", "", 1).replace("-", "", 1).isdigit() for row in rows if row[column] != "")
