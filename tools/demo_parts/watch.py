"""Reads along in the log of a `sonm run` that goes on: what a person would see, and how far the picture is."""
import re

TOLD = re.compile(r"^(?:· (?:placing|waiting|sending|closing|fetching|taking).*|  deal \d.*|  task (?:running|finished|failed|stopped).*"
                  r"|run \w+ is not done.*)$", re.MULTILINE)
RENDERED = re.compile(r"Rendered (\d+) of (\d+) pixels")
KEPT = 4096


class RunLog:
    """Call `read` again and again; it looks only at what is new."""

    def __init__(self, path, pixels):
        self.path, self.pixels = path, pixels
        self.done = 0
        self.position, self.rest = 0, ""

    def read(self):
        """New lines worth telling; brings `done`, the number of pixels rendered, up to date."""
        try:
            with open(self.path, "rb") as file:
                file.seek(self.position)
                fresh = file.read()
        except OSError:
            return []
        self.position += len(fresh)
        text = self.rest + fresh.decode(errors="replace").replace("\r", "\n")
        rendered = RENDERED.findall(text)
        if rendered:
            self.done = min(int(rendered[-1][0]), self.pixels)
        whole, _, self.rest = text.rpartition("\n")
        self.rest = self.rest[-KEPT:]
        return [line.strip(" ·") for line in TOLD.findall(whole + "\n")]
