"""Does memory stay flat when `tally train` meets very many files? `python -m tests.benchmarks.many_files [FILES...]`.

Makes a folder of so many small JPEGs of 20 classes (noise, and a stripe that tells the class; no two files are the same
bytes), trains on it in a process of its own, and prints Markdown for RESULTS.md. The network is a small one of random
weights with as many features as the starter: it is memory that is measured, and the starter would take half an hour.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from engine.models.networks import StarterNetwork
from engine.models.package import write_model

CLASSES, PICTURES, SIDE = 20, 500, 48  # pictures of a class that differ; the rest are copies with other last bytes


def pictures(label: int) -> list[bytes]:
    random = np.random.default_rng(label)
    found = []
    for _ in range(PICTURES):
        pixels = random.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
        pixels[2 * label : 2 * label + 6] = random.integers(0, 60)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=70)
        found.append(buffer.getvalue())
    return found


def fill(folder: Path, files: int) -> None:
    for label in range(CLASSES):
        inside = folder / f"class {label:02}"
        inside.mkdir(parents=True)
        known = pictures(label)
        for number in range(files // CLASSES):
            (inside / f"{number:06}.jpg").write_bytes(known[number % PICTURES] + number.to_bytes(8, "big"))


def small_model(folder: Path) -> Path:
    torch.manual_seed(0)
    look = {"size": 32, "resize": "squash", "interpolation": "bicubic, antialiased", "mean": [0.5] * 3}
    look |= {"std": [0.25] * 3, "mirror_average": False}
    card = {"name": "small", "format": 1, "classes": ["a", "b"], "input": look, "temperature": 1.0}
    write_model(folder, StarterNetwork(2, [8, 8, 8, 384], [1, 1, 1, 1]).eval(), card)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*", type=int, default=[30_000, 300_000])
    print(f"## {datetime.now(UTC):%Y-%m-%d}, very many files")
    print("\n| files | minutes | peak memory, MB | said |\n|---:|---:|---:|---|")
    for files in parser.parse_args().files:
        with tempfile.TemporaryDirectory() as made:
            home, folder = Path(made) / "home", Path(made) / "photos"
            fill(folder, files)
            start = time.perf_counter()
            train = [sys.executable, "-c", "from dashboard.cli import main; raise SystemExit(main())", "train"]
            child = subprocess.Popen(
                [*train, str(folder), "--name", "many", "--model", str(small_model(Path(made) / "small"))],
                env={**os.environ, "TALLY_HOME": str(home)},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            assert child.stdout
            said = child.stdout.read().splitlines()
            _, status, used = os.wait4(child.pid, 0)
            if status:
                raise SystemExit(f"{files:,} files: tally train ended with status {os.waitstatus_to_exitcode(status)}")
            note = next((line for line in said if "random sample" in line), "")
            minutes = (time.perf_counter() - start) / 60
            print(f"| {files:,} | {minutes:.1f} | {used.ru_maxrss / 1024:,.0f} | {note} |", flush=True)


if __name__ == "__main__":
    main()
