"""Every verdict is kept with all it rests on: found again, decided again, forgotten."""

import random
import sqlite3
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sqlalchemy import text

from dashboard.samples import drawn_listing
from engine import settings
from engine.errors import InputError, LimitExceeded, StoreError, TallyError, UnreadablePhoto
from engine.listings.pipeline import decide, look as look_at, open_photos
from engine.listings.route import Dial
from engine.listings.verdict import PhotoVerdict, Verdict
from engine.listings.weigh import Look
from engine.photos.quality import Measures
from engine.store import changes, database, queue, verdicts
from engine.store.looks import pack, unpack
from engine.store.terms import terms_in_force
from tests.engine.store import MODEL, listing, save
from tests.engine.looks import Judge, look

numbers = st.floats(allow_nan=False)
log_p = arrays(np.float64, 3, elements=st.floats(-50, 0))
measures = st.builds(
    Measures,
    **{item.name: st.floats(0.01, 50) for item in fields(Measures) if item.name != "look"},
    look=arrays(np.uint8, st.tuples(st.integers(4, 64), st.integers(4, 64))),
)
looks = st.builds(
    Look,
    measures,
    log_p,
    arrays(np.float32, 4, elements=st.floats(-9, 9, width=32)),
    st.none() | st.floats(0, 1),
    st.lists(st.integers(0, 2), min_size=2, max_size=5).map(tuple),
)
errors = st.builds(st.sampled_from, st.just([InputError, LimitExceeded, UnreadablePhoto])).flatmap(
    lambda kinds: st.builds(lambda kind, *words: kind(*words), kinds, st.text(), st.text())
)


def same(one: Look | InputError, other: Look | InputError) -> bool:
    if isinstance(one, InputError):
        return (type(one), str(one), one.remedy) == (type(other), str(other), other.remedy)
    arrays = [(one.measures.look, other.measures.look)]
    arrays += [(getattr(one, name), getattr(other, name)) for name in ("log_probabilities", "features")]
    return (one.measures, one.unknown, one.nearest) == (other.measures, other.unknown, other.nearest) and all(
        a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in arrays
    )
