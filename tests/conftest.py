"""What every test shares: fixed seeds, the starter model, photos made on the spot, and where the real ones are."""

import io
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import engine
from engine.models.classifier import Classifier
from tests.server import running

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data" / "photos"
SHARED_TWEETS = ROOT.parent / "shared" / "data" / "tweets"


@pytest.fixture(autouse=True)
def _seeds_fixed() -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  (libraries that draw from the old generator)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A TALLY_HOME of the test's own, so that no test sees or changes a user's state."""
    folder = tmp_path / "home"
    monkeypatch.setenv("TALLY_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def model() -> Classifier:
    return engine.load_model()


@pytest.fixture
def shared() -> Path:
    """The folder of real photos; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real photos are not here")
    return SHARED


@pytest.fixture
def shared_tweets() -> Path:
    """The folder of real exports; tests that need it are skipped where it is absent."""
    if not SHARED_TWEETS.is_dir():
        pytest.skip("the real exports are not here")
    return SHARED_TWEETS


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """encode(image, format, **options) -> the bytes of a file."""

    def bytes_of(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    return bytes_of


@pytest.fixture(scope="session")
def scene() -> Image.Image:
    """An RGB picture whose corners tell how it was turned: red top left, green top right, blue bottom left."""
    image = Image.new("RGB", (320, 240), (200, 200, 200))
    for corner, colour in (((0, 0), "red"), ((220, 0), "lime"), ((0, 140), "blue")):
        image.paste(Image.new("RGB", (100, 100), colour), corner)
    return image


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server, shared by all tests that need one."""
    with running(tmp_path_factory.mktemp("server")) as address:
        yield address
