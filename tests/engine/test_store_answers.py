"""What people answered survives a restart, one answer a person and item."""

from threading import Thread

import pytest

from engine.errors import InputError
from engine.store import answers, database


@pytest.fixture(autouse=True)
def _restarted(home) -> None:
    database._open.cache_clear()


def test_an_answer_is_kept_changed_and_undone():
    assert answers.answers("set") == []
    assert answers.undo_last("set", "Ana") is None
    for item, label in (("1", "mug"), ("2", "tire"), ("1", "cup")):
        answers.save_answer("set", item, " Ana ", label)
    answers.save_answer("set", "1", "Ben", "mug")
    answers.save_answer("other", "1", "Ana", "mug")
    database._open.cache_clear()
    assert answers.answers("set") == [("Ana", "2", "tire"), ("Ana", "1", "cup"), ("Ben", "1", "mug")]
    assert (answers.people("set"), answers.people("other")) == (["Ana", "Ben"], ["Ana"])
    assert [answers.undo_last("set", "Ana") for _ in range(3)] == ["1", "2", None]
    assert answers.answers("set") == [("Ben", "1", "mug")]
    assert answers.people("set") == ["Ben"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "two\nlines", "bell\a"])
def test_what_cannot_name_a_person_is_refused(name):
    with pytest.raises(InputError, match="cannot name a person"):
        answers.save_answer("set", "1", name, "mug")


def test_several_people_answer_at_once():
    def answer(person: str) -> None:
        for number in range(20):
            answers.save_answer("set", str(number), person, "mug")

    people = [Thread(target=answer, args=(person,)) for person in ("Ana", "Ben", "Ana")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(answers.answers("set")) == sorted((p, str(n), "mug") for p in ("Ana", "Ben") for n in range(20))
