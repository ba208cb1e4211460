"""Are several views of one object taken for several objects? `python -m tests.benchmarks.views PHOTOS`, in Markdown.

PHOTOS is a folder with val.parquet and unknown-*.parquet. The data shows every object once, so a listing here is one
photo of the half that nothing is fitted on, and three pieces of it, turned and lit differently. Beside it the same
without counting photos that are alike for less.
"""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

import engine
from engine.errors import InputError
from engine.listings.pipeline import decide, look
from engine.listings.terms import Terms
from engine.models.data import read_labelled
from engine.photos.decode import decode

FILES = {"val.parquet": 250, "unknown-near.parquet": 100, "unknown-far.parquet": 100}


def view(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """60 to 85 % of the area, turned by up to 8 degrees, with 70 to 120 % of the light."""
    share = random.uniform(0.6, 0.85) ** 0.5
    width, height = int(image.width * share), int(image.height * share)
    left, top = random.integers(0, image.width - width + 1), random.integers(0, image.height - height + 1)
    piece = image.crop((left, top, left + width, top + height))
    piece = piece.rotate(random.uniform(-8, 8), resample=Image.Resampling.BICUBIC)
    return ImageEnhance.Brightness(piece).enhance(random.uniform(0.7, 1.2))


def main() -> None:
    model, random = engine.load_model(), np.random.default_rng(0)
    assert model.fitted.novelty is not None
    plain = replace(model.fitted, novelty=replace(model.fitted.novelty, alike=1.0))
    ways = {"one photo": (1, model.fitted), "four views": (4, model.fitted), "four views, none alike": (4, plain)}
    print("| objects | listing | accept | review | unknown | wrong among accepted | P(known) |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for file, wanted in FILES.items():
        found = []
        for photo in read_labelled([Path(sys.argv[1]) / file]):
            if isinstance(photo.data, InputError) or not int(hashlib.sha256(photo.data).hexdigest(), 16) % 2:
                continue
            if len(found) < wanted and random.random() < 0.25:
                image = decode(photo.data)
                found.append((photo.label, look([image, *(view(image, random) for _ in range(3))], model)))
        for way, (size, fitted) in ways.items():
            names, terms = [str(number) for number in range(size)], Terms(fitted=fitted)
            verdicts = [decide(names, looks[:size], model, terms=terms) for _, looks in found]
            shares = [np.mean([item.decision == kind for item in verdicts]) for kind in ("accept", "review", "unknown")]
            accepted = [
                (item.label, label)
                for item, (label, _) in zip(verdicts, found, strict=True)
                if item.decision == "accept"
            ]
            wrong = f"{sum(said != truth for said, truth in accepted)} of {len(accepted)}"
            cells = [
                *(f"{share:.0%}" for share in shares),
                wrong,
                f"{np.mean([item.known or 0 for item in verdicts]):.2f}",
            ]
            print(f"| {len(found)} of {file} | {way} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
