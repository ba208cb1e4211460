"""Does the quality gate find what it should? Damaged copies of real photos; prints Markdown for RESULTS.md.

`python -m tests.benchmarks.gate [PYTHON]`, where PYTHON runs an environment that has cleanvision: then both judge the
same files. Every copy is saved as a JPEG of quality 90 and goes through `decode` like a sender's. "Found" is at the
gate's own limits, "at 5 %" at the limit that 5 % of the undamaged photos of that very set exceed.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from statsmodels.stats.proportion import proportion_confint

import engine
from engine.models.classifier import Classifier
from engine.models.data import read_labelled
from engine.photos.closeup import closeness, random_crop
from engine.photos.decode import decode
from engine.photos.quality import Measures, measure
from engine.photos.siblings import compare

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "photos"
Scores = dict[str, NDArray[np.float64]]
CLEANVISION = """
import json, sys, time
from cleanvision import Imagelab
checks, found = ("dark", "light", "blurry", "low_information"), {}
lab = Imagelab(data_path=sys.argv[1])
start = time.perf_counter()
lab.find_issues({check: {} for check in checks}, n_jobs=1, verbose=False)
seconds = time.perf_counter() - start
for path, row in lab.issues.iterrows():
    found[path.rsplit("/", 1)[1]] = {check: [bool(row[f"is_{check}_issue"]), float(row[f"{check}_score"])]
                                     for check in checks}
json.dump({"seconds": seconds, "found": found}, open(sys.argv[2], "w"))
"""


def gaussian(image: Image.Image, share: float) -> Image.Image:
    sigma = share * max(image.size)
    pixels = ndimage.gaussian_filter(np.asarray(image, np.float32), (sigma, sigma, 0), mode="nearest", truncate=3)
    return Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))


def motion(image: Image.Image, share: float, random: np.random.Generator) -> Image.Image:
    """Shaken along a straight line in a random direction."""
    angle, length = random.uniform(0, np.pi), share * max(image.size)
    pixels, steps = np.asarray(image, np.float32), np.linspace(-length / 2, length / 2, max(9, int(2 * length)))
    moved = [ndimage.shift(pixels, (t * np.sin(angle), t * np.cos(angle), 0), order=1, mode="nearest") for t in steps]
    return Image.fromarray(np.mean(moved, axis=0).round().astype(np.uint8))


DAMAGE: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "none": lambda image, _: image,
    "blur 0.2 %": lambda image, _: gaussian(image, 0.002),
    "blur 0.4 %": lambda image, _: gaussian(image, 0.004),
    "blur 0.8 %": lambda image, _: gaussian(image, 0.008),
    "blur 1.6 %": lambda image, _: gaussian(image, 0.016),
    "motion 2 %": lambda image, random: motion(image, 0.02, random),
    "dark, 0.15 of the light": lambda image, _: image.point(lambda value: value * 0.15),
    "washed out, 0.4 v + 150": lambda image, _: image.point(lambda value: value * 0.4 + 150),
    "close-up, 5 to 20 %": random_crop,
}
# Which of the gate's scores (above 0 is a fault) and which of cleanvision's issues should notice each damage.
NOTICED = {
    "blur": ("blur", "blurry"),
    "motion": ("blur", "blurry"),
    "dark": ("dark", "dark"),
    "washed": ("pale", "light"),
}


def noticed_by(damage: str) -> tuple[str, str | None]:
    return NOTICED.get(damage.replace(",", " ").split()[0], ("close", None))


def copies(photos: Sequence[bytes], damage: str, enlarge: bool = False) -> list[bytes]:
    made = []
    for data in photos:
        random = np.random.default_rng(list(hashlib.sha256(damage.encode() + data).digest()))
        image, buffer = Image.open(io.BytesIO(data)).convert("RGB"), io.BytesIO()
        if enlarge:
            scale = (12e6 / (image.width * image.height)) ** 0.5
            image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
        DAMAGE[damage](image, random).save(buffer, "JPEG", quality=90)
        made.append(buffer.getvalue())
    return made


def scores(files: Sequence[bytes], model: Classifier) -> Scores:
    images = [decode(data) for data in files]
    found = [measure(image) for image in images]
    assert model.fitted.gate, "the model has no fitted close-up head"
    return {
        "blur": np.array([_blur(item) for item in found]),
        "dark": np.array([0.5 - item.lightest for item in found]),
        "pale": np.array([item.darkest - 0.5 for item in found]),
        "close": closeness(model.predict(images).features, model.fitted.gate),
    }


def _blur(item: Measures) -> float:
    return max(item.blur - item.blur_limit, 1e-9 if item.very_blurred else -1.0)


def share(hits: NDArray[np.bool_]) -> str:
    low, high = proportion_confint(int(hits.sum()), len(hits), method="wilson")
    return f"{100 * hits.mean():.1f} ({100 * low:.0f} to {100 * high:.0f})"


def table(title: str, files: dict[str, list[bytes]], model: Classifier, python: str | None) -> None:
    start = time.perf_counter()
    mine = {damage: scores(data, model) for damage, data in files.items()}
    print(f"\n### {title}: {len(files['none'])} photos ({time.perf_counter() - start:.0f} s)\n")
    peer = {damage: cleanvision(data, python)[0] for damage, data in files.items()} if python else {}
    print("| damage | false alarms, % | found, % | found at 5 %, % |" + " cleanvision, % | at 5 %, % |" * bool(python))
    print("|---|---:|---:|---:|" + "---:|---:|" * bool(python))
    for damage in list(files)[1:]:
        name, issue = noticed_by(damage)
        clean, hurt = mine["none"][name], mine[damage][name]
        cells = [damage, share(clean > 0), share(hurt > 0), share(hurt > np.quantile(clean, 0.95))]
        if python:
            cells += ["no such check"] * 2 if issue is None else _peer(peer["none"], peer[damage], issue)
        print(f"| {' | '.join(cells)} |")


def _peer(clean: list[dict[str, list[float]]], hurt: list[dict[str, list[float]]], issue: str) -> list[str]:
    limit = np.quantile([item[issue][1] for item in clean], 0.05)  # its scores are low for bad photos
    return [
        share(np.array([bool(item[issue][0]) for item in hurt])),
        share(np.array([item[issue][1] < limit for item in hurt])),
    ]


def cleanvision(files: Sequence[bytes], python: str) -> tuple[list[dict[str, list[float]]], float]:
    """What cleanvision says of each file, and how long it took (s), without its imports and its listing of files."""
    with tempfile.TemporaryDirectory() as folder:
        photos, out = Path(folder, "photos"), Path(folder, "out.json")
        photos.mkdir()
        for number, data in enumerate(files):
            (photos / f"{number:05}.jpg").write_bytes(data)
        subprocess.run([python, "-c", CLEANVISION, photos, out], check=True, stdout=subprocess.DEVNULL)
        result = json.loads(out.read_text())
    return [result["found"][name] for name in sorted(result["found"])], result["seconds"]


def siblings(photos: dict[str, list[bytes]]) -> None:
    """Copies and details found, and pairs of different photos of one class that are taken for either."""
    looks = {label: [measure(decode(data)).look for data in group[:8]] for label, group in photos.items()}
    pairs = wrong = 0
    for group in looks.values():
        pictures, details = compare(group)
        pairs += len(group) * (len(group) - 1) // 2
        wrong += len(group) - len(set(pictures)) + len(details)
    print(f"\nDifferent photos of one class taken for copies or details: {wrong} of {pairs:,} pairs.\n")
    print("| made from a photo | found, % |\n|---|---:|")
    data = [item for group in photos.values() for item in group[:4]]
    made: dict[str, Callable[[Image.Image], Image.Image]] = {
        "two thirds of the size": lambda image: image.resize((image.width * 2 // 3, image.height * 2 // 3)),
        "a tenth cut off each side": lambda image: image.crop(
            tuple(int(side * part) for part in (0.1, 0.9) for side in image.size)
        ),
        "a detail of 5 to 20 %": lambda image: random_crop(image, np.random.default_rng(image.width)),
    }
    for name, make in made.items():
        hits = []
        for item in data:
            image, buffer = decode(item), io.BytesIO()
            make(image).save(buffer, "JPEG", quality=80)
            pictures, details = compare([measure(image).look, measure(decode(buffer.getvalue())).look])
            hits.append(details == {1: 0} if name.startswith("a detail") else pictures == [0, 0])
        print(f"| {name} | {share(np.array(hits))} |")


def speed(sets: dict[str, list[bytes]], python: str | None) -> None:
    print("\n| photos | decode, ms | measure, ms | both, ms |" + " cleanvision, ms | times |" * bool(python))
    print("|---|---:|---:|---:|" + "---:|---:|" * bool(python))
    for name, files in sets.items():
        start = time.perf_counter()
        images = [decode(data) for data in files]
        middle = time.perf_counter()
        for image in images:
            measure(image)
        parts = [1000 * (middle - start) / len(files), 1000 * (time.perf_counter() - middle) / len(files)]
        parts.append(sum(parts))
        if python:
            parts.append(1000 * cleanvision(files, python)[1] / len(files))
            parts.append(parts[-1] / parts[-2])
        print(f"| {name} | {' | '.join(f'{part:.1f}' for part in parts)} |")


def main() -> None:
    python, model = (sys.argv[1] if len(sys.argv) > 1 else None), engine.load_model()
    val: dict[str, list[bytes]] = {}
    for photo in read_labelled([DATA / "val.parquet"]):
        if isinstance(photo.data, bytes) and hashlib.sha256(photo.data).digest()[0] % 2:
            val.setdefault(photo.label, []).append(photo.data)
    half_b = [data for group in val.values() for data in group]
    small = [data for data in half_b if max(decode(data).size) <= 64]
    full = [path.read_bytes() for path in sorted((DATA / "full").rglob("*.jp*g"))]
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"## {datetime.now(UTC):%Y-%m-%d}, the quality gate\n\n{model.id}, load {load}. 95 % intervals (Wilson).")
    large = [data for data in half_b if data not in set(small)]
    for title, photos in (("full/", full), ("val half B, 96 px", large), ("val half B, 64 px", small)):
        table(title, {damage: copies(photos, damage) for damage in DAMAGE}, model, python)
    big = ("none", "blur 0.4 %", "blur 0.8 %", "dark, 0.15 of the light", "close-up, 5 to 20 %")
    enlarged = {damage: copies(full[::4], damage, enlarge=True) for damage in big}
    table("full/, every fourth, enlarged to 12 megapixels", enlarged, model, python)
    siblings(val)
    speed({"12 megapixels": enlarged["none"], "full/": full, "val": list(islice(half_b, 300))}, python)


if __name__ == "__main__":
    main()
