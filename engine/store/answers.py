"""What people say the items of a labelled set are. A set is known by its digest, an item by its key there."""

from datetime import UTC, datetime

from sqlalchemy import delete, select

from engine.store.database import session
from engine.store.schema import Answer, stored_name


def person_name(text: str) -> str:
    """A name as answers bear it. Raises InputError as `stored_name` does."""
    return stored_name(text, "a person")


def save_answer(data: str, item: str, person: str, label: str) -> None:
    """Keep an answer in place of the person's earlier one to the item. Raises InputError for what cannot be a name."""
    person = person_name(person)
    with session() as opened:
        opened.execute(delete(Answer).where(Answer.data == data, Answer.item == item, Answer.person == person))
        opened.add(Answer(data=data, item=item, person=person, label=label, answered_at=datetime.now(UTC)))


def undo_last(data: str, person: str) -> str | None:
    """Forget the person's newest answer; gives the item it was for, or None if there is no answer."""
    with session() as opened:
        newest = select(Answer).where(Answer.data == data, Answer.person == person).order_by(Answer.id.desc()).limit(1)
        found = opened.scalar(newest)
        if found is not None:
            opened.delete(found)
        return None if found is None else found.item


def answers(data: str) -> list[tuple[str, str, str]]:
    """Person, item and label of every answer, in the order they came."""
    with session() as opened:
        rows = opened.execute(
            select(Answer.person, Answer.item, Answer.label).where(Answer.data == data).order_by(Answer.id)
        )
        return [(person, item, label) for person, item, label in rows]


def people(data: str) -> list[str]:
    """Who answered, in the order of their names."""
    return sorted({person for person, *_ in answers(data)})
