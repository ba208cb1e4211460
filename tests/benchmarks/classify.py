"""How fast is a listing of ten 12-megapixel JPEGs? `make benchmark`; prints Markdown for RESULTS.md.

The photos are noise over a gradient, about as large as a phone's files. Each figure is the median of several rounds in
one run, next to plainer ways to do the same, as the machine may be shared and loaded.
"""

import io
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

import engine
from engine.listings.pipeline import decide, look, open_photos
from engine.listings.weigh import Look
from engine.photos.decode import decode

ROUNDS = 7
APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"


def phone_photo(seed: int) -> bytes:
    random = np.random.default_rng(seed)
    noise = Image.fromarray(random.integers(0, 255, (375, 500, 3), dtype=np.uint8)).resize((4000, 3000))
    gradient = Image.linear_gradient("L").resize((4000, 3000)).convert("RGB")
    buffer = io.BytesIO()
    Image.blend(noise, gradient, 0.4).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def median_seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    work()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def decode_whole(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    image.thumbnail((512, 512))
    return image


def rerun_seconds(photos: list[tuple[str, bytes]]) -> float:
    page = AppTest.from_file(str(APP), default_timeout=120).run()
    uploader = page.file_uploader[0]
    for name, data in photos:
        uploader = uploader.upload(name, data)
    uploader.run()
    return median_seconds(page.run)


def main() -> None:
    start = time.perf_counter()
    model = engine.load_model()
    loading = time.perf_counter() - start
    photos = [(f"{number}.jpg", phone_photo(number)) for number in range(10)]
    data = [photo for _, photo in photos]
    images = list(open_photos(data))
    looks = look(images, model)
    names = [name for name, _ in photos]
    assert all(isinstance(item, Look) for item in looks)

    rows = {
        "ten photos to a verdict": median_seconds(lambda: engine.classify_listing(photos, model=model)),
        "decode: DCT scaling, threads (Tally)": median_seconds(lambda: list(open_photos(data))),
        "decode: DCT scaling, one thread": median_seconds(lambda: [decode(item) for item in data]),
        "decode: whole picture, one thread": median_seconds(lambda: [decode_whole(item) for item in data], 3),
        "network: one batch (Tally)": median_seconds(lambda: look(images, model)),
        "network: photo by photo": median_seconds(lambda: [look([image], model) for image in images]),
        "verdict from what was seen": median_seconds(lambda: decide(names, looks, model), 50),
        "page rerun with ten photos present, server side": rerun_seconds(photos[:10]),
        "model load, torch import included (once)": loading,
    }
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"## {datetime.now(UTC):%Y-%m-%d}\n")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load}; ", end="")
    print(f"10 JPEGs of 4000 x 3000, {sum(map(len, data)) / 1e7:.1f} MB each; peak memory {peak:,.0f} MB\n")
    print("| what | median, ms |\n|---|---:|")
    for name, seconds in rows.items():
        print(f"| {name} | {seconds * 1000:,.1f} |")


if __name__ == "__main__":
    main()
