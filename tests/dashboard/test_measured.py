"""Uploads are kept under the names that people gave them."""

from pathlib import Path

import pytest

from dashboard.measured import keep
from engine.curves.data import load
from engine.errors import UnreadableData

TABLE = b"a,b,label\n" + b"1,2,mug\n3,4,bowl\n" * 20


@pytest.mark.parametrize("name", ["käse [1].csv", "a/../../b.csv", "..csv", "*.csv", "<b>x\0.CSV", "é" * 300 + ".csv"])
def test_any_name_is_a_file_in_a_folder_of_its_own(name):
    data = keep(name, TABLE)
    assert data.name == name
    assert len(load(data.path).names) == 40
    assert Path(data.path).parent.parent == Path(keep("other.csv", b"other").path).parent.parent


def test_messages_name_the_file_as_it_was_dropped():
    with pytest.raises(UnreadableData) as caught:
        load(keep("my photos.zip", b"no ZIP").path)
    assert caught.value.message == "my photos.zip is a damaged ZIP or only a part of one"


def test_the_oldest_uploads_are_dropped():
    first, *others = [keep("a.csv", TABLE + b"%d" % number) for number in range(13)]
    assert not Path(first.path).exists()
    assert all(Path(other.path).exists() for other in others)
