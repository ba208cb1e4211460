"""Does a photo of a part help its whole, and hurt nothing? `python -m tests.benchmarks.parts PHOTOS`; prints Markdown.

PHOTOS is a folder with val.parquet. Listings of four photos: some of a part, the others of its whole (the answer is the
whole), or all of the part (the answer is the part). Figures are of the half that nothing is fitted on.
"""

import hashlib
import sys
from itertools import product
from pathlib import Path

import numpy as np

import engine
from engine.errors import InputError
from engine.listings import policy
from engine.listings.policy import Policy
from engine.models.data import read_labelled
from engine.photos.decode import decode

LISTINGS = 2000
SHARES = (0.0, 0.1, 0.25, 0.5, 0.9)


def main() -> None:
    model = engine.load_model()
    rules = Policy.default(model.classes)
    wanted = {*rules.rules, *(whole for rule in rules.rules.values() for whole in rule.wholes)}
    images, labels = [], []
    for photo in read_labelled([Path(sys.argv[1]) / "val.parquet"]):
        if photo.label not in wanted or isinstance(photo.data, InputError):
            continue
        if int(hashlib.sha256(photo.data).hexdigest(), 16) % 2:  # as engine.listings.held_out halves them
            images.append(decode(photo.data))
            labels.append(photo.label)
    evidence = np.concatenate([model.predict(images[n : n + 64]).log_probabilities for n in range(0, len(images), 64)])
    of = {label: np.flatnonzero(np.array(labels) == label) for label in wanted}
    print("| photos of the part, of four | " + " | ".join(f"d = {share:g}" for share in SHARES) + " |")
    print("|---|" + "---:|" * len(SHARES))
    right: dict[tuple[int, float], list[bool]] = {key: [] for key in product(range(5), SHARES)}
    random = np.random.default_rng(0)
    for parts in range(5):
        for _ in range(LISTINGS):
            part = random.choice(list(rules.rules))
            whole = random.choice(rules.of(part).wholes)
            photos = [*random.choice(of[part], parts, False), *random.choice(of[whole], 4 - parts, False)]
            rows, truth = evidence[photos], model.classes.index(whole if parts < 4 else part)
            for share in SHARES:
                policy._DETAIL = share or 1e-12
                moved, _ = rules.support(rows, rows.argmax(1).tolist(), ["", "", "", ""])
                right[parts, share].append(bool(moved.sum(0).argmax() == truth))
        print(f"| {parts} | " + " | ".join(f"{np.mean(right[parts, share]):.3f}" for share in SHARES) + " |")


if __name__ == "__main__":
    main()
