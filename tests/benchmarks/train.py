"""How quick and how good is `tally train`? `python -m tests.benchmarks.train PHOTOS`; prints Markdown for RESULTS.md.

PHOTOS is a folder with train-*.parquet and val.parquet. A folder of 20 classes with 100 photos each is made from the
first. What comes of it is tried on other photos of these classes from the same files, which the starter was trained on,
and on those of val.parquet, which it was not; scikit-learn's logistic regression gets the same features.
"""

import argparse
import hashlib
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import engine
from engine.curves.photos import look_at_all
from engine.models.data import LabelledPhoto, read_labelled
from engine.models.evaluate import figures_of
from engine.models.learn import learn

CLASSES, PHOTOS, OTHERS = 20, 100, 200  # classes; photos of each to train on, and at most as many others to try


def chosen(paths: list[Path], only: set[str] | None = None) -> dict[str, list[LabelledPhoto]]:
    """Photos by class in an order that the hash of their files gives; every fifth class if not said which."""
    by_class: defaultdict[str, list[tuple[str, LabelledPhoto]]] = defaultdict(list)
    for photo in read_labelled(paths):
        if isinstance(photo.data, bytes) and (only is None or photo.label in only):
            by_class[photo.label].append((hashlib.sha256(photo.data).hexdigest(), photo))
    names = sorted(name for name, photos in by_class.items() if only or len(photos) >= PHOTOS)
    step = 1 if only else len(names) // CLASSES
    return {
        name: [photo for _, photo in sorted(by_class[name], key=lambda pair: pair[0])]
        for name in names[::step][:CLASSES]
    }


def flat(photos: dict[str, list[LabelledPhoto]], start: int, stop: int) -> Iterator[LabelledPhoto]:
    return (photo for found in photos.values() for photo in found[start:stop])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--full", action="store_true", help="train the whole network too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["TALLY_HOME"] = home
        run(options, Path(home) / "photos")


def run(options: argparse.Namespace, folder: Path) -> None:
    base = engine.load_model(options.model)
    photos = chosen(sorted(options.photos.glob("train-*.parquet")))
    for number, photo in enumerate(flat(photos, 0, PHOTOS)):
        (folder / photo.label).mkdir(parents=True, exist_ok=True)
        (folder / photo.label / f"{number:05}.jpg").write_bytes(photo.data)
    start, spent = time.perf_counter(), time.process_time()
    report = learn([folder], "bench", base, full=options.full)
    seconds, spent = time.perf_counter() - start, time.process_time() - spent
    model = engine.load_model("bench")
    again = engine.load_model("bench")

    def features(stream: Iterator[LabelledPhoto]) -> tuple[np.ndarray, np.ndarray]:
        seen = look_at_all(stream, base, 10**9, lambda _: None)
        return seen.arrays()[0], np.array([model.classes.index(label) for label in seen.labels])

    rows, labels = features(read_labelled([folder]))
    rivals = {
        "scikit-learn, its defaults": LogisticRegression(max_iter=2000),
        "scikit-learn, standardised, C by cross-validation": make_pipeline(
            StandardScaler(),
            LogisticRegressionCV(
                Cs=np.geomspace(1e-4, 1, 7),
                max_iter=2000,
                l1_ratios=(0,),
                scoring="neg_log_loss",
                use_legacy_attributes=True,
            ),
        ),
    }
    for rival in rivals.values():
        rival.fit(rows, labels)
    print(f"## {datetime.now(UTC):%Y-%m-%d}, training\n\n{base.id}; {len(labels):,} photos of {len(photos)} classes")
    print(f"\n{seconds:.1f} s, {spent:.1f} s of the processors; thresholds {np.round(model.fitted.accept, 2)}")
    print(f"\nCard: accuracy {report['accuracy']}, log-loss {report['log_loss']}, ECE {report['ece']}")
    print(*report["notes"], sep="\n")
    tried = {
        "other photos of train": list(flat(photos, PHOTOS, PHOTOS + OTHERS)),
        "val": list(flat(chosen([options.photos / "val.parquet"], set(photos)), 0, 10**9)),
    }
    print("\n| photos | model | accuracy | log-loss | ECE |\n|---|---|---:|---:|---:|")
    for what, others in tried.items():
        rows, labels = features(iter(others))
        own = look_at_all(iter(others), model, 10**9, lambda _: None).arrays()[0]
        logits = model.logits(own) / model.card.temperature
        answers = {"Tally": logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)}
        answers |= {name: rival.predict_log_proba(rows) for name, rival in rivals.items()}
        for name, log_p in answers.items():
            found = figures_of(labels, log_p)
            print(f"| {len(labels):,} {what} | {name} | {found['accuracy']} | {found['log_loss']} | {found['ece']} |")
    print(f"\nLogits after reloading differ by at most {np.abs(again.logits(own) - model.logits(own)).max():.1e}")


if __name__ == "__main__":
    main()
