#!/usr/bin/env python3
"""The main job on one machine: a private chain, two workers, a buyer who has a picture rendered. ./demo calls this.

Everything is done through the `sonm` program and the container engine, as a person would do it by hand; this script only
starts, waits, draws and adds up. See ./demo --help.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from demo_parts.children import Children  # noqa: E402
from demo_parts.money import Books  # noqa: E402
from demo_parts.show import Failure, Show  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "demo-out"
STATE = OUT / "state"
SONM = ROOT / "build" / "dev" / "sonm"
SCENE = ROOT / "examples" / "render" / "scene.pov"
STITCH = ROOT / "examples" / "render" / "stitch.py"
IMAGE = ROOT / "build" / "images" / "povray.tar"
WIDTH, HEIGHT = 640, 480
# Two tiles that take about as long as each other: the upper rows are mostly sky.
TILES = ((1, 270), (271, HEIGHT))
TASK_SECONDS_MAX = 180


def render_command(out, first=None, last=None, threads=1):
    rows = [f"+SR{first}", f"+ER{last}"] if first else []
    return ["povray", f"+I{SCENE.name}", f"+O{out}", f"+W{WIDTH}", f"+H{HEIGHT}", *rows,
            "+A0.1", "+AM2", "-J", "-D", f"+WT{threads}"]
