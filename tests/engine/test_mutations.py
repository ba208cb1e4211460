"""Damaged files: no crash, and no total that is wrong without a word."""

from tests.mutations import silently_wrong


def test_damaged_files_neither_crash_nor_mislead_in_silence():
    assert silently_wrong(400, seed=1) == []
