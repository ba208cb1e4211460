"""What people set or accepted holds until it is rolled back, for the models it is for, and is never forgotten."""

import json

import numpy as np
import pytest
from sqlalchemy import update

from dashboard.panels.classify.policy import frame, written
from engine.errors import InputError, StoreError
from engine.listings.policy import Policy, Rule
from engine.listings.price import TEMPLATE, Prices
from engine.listings.proposals import _packed
from engine.listings.route import Dial
from engine.listings.terms import Terms
from engine.store import changes, database
from engine.store.schema import Change
from engine.store.terms import terms_in_force
from tests.engine.kept import MODEL
from tests.engine.looks import Judge

pytestmark = pytest.mark.usefixtures("fresh_database")

OTHER = Judge(id="other@1", classes=("bowl", "mug"))
POLICY = b'class,policy,part_of\nmug,review,\ntire,part_of,"bicycle, car"\nbowl,ask,\nplate,part_of,car\n'


def dial(**values: object) -> bytes:
    return json.dumps(Dial(**values).as_dict()).encode()


def prior(*logs: float) -> bytes:
    return _packed("prior", Terms(prior=np.array(logs)), MODEL)


def test_without_changes_nothing_holds_and_no_database_is_made(home):
    assert terms_in_force(MODEL) == Terms()
    assert not home.exists()
    changes.roll_back(changes.accept("dial", dial(), person="Ana"), "Ana")
    assert terms_in_force(MODEL) == Terms()


def test_the_newest_of_each_kind_holds_until_it_is_rolled_back():
    first = changes.accept("dial", dial(errors=0.02), person="Ana")
    second = changes.accept("dial", dial(audit=0.1), person="Ben")
    changes.accept("prices", TEMPLATE.encode(), person="Ana")
    versions = [terms_in_force(MODEL).version]
    assert terms_in_force(MODEL).dial == Dial(audit=0.1)
    assert terms_in_force(MODEL).prices == Prices.read(TEMPLATE.encode())
    for change, held in ((second, Dial(errors=0.02)), (first, Dial())):
        changes.roll_back(change, "Cid")
        assert terms_in_force(MODEL).dial == held
        versions.append(terms_in_force(MODEL).version)
    assert len({*versions, "default"}) == 4


def test_the_log_keeps_who_did_what_when_and_who_rolled_it_back():
    figures = {"accuracy": [0.9, 0.92], "listings": 120}
    change = changes.accept(
        "prior", prior(0, -1, -2), person=" Ana ", model=MODEL.id, summary="bicycles are common", figures=figures
    )
    changes.accept("dial", dial(), person="Ben")
    for person in ("Ben", "Cid"):
        changes.roll_back(change, person)
    newest, oldest = changes.log()
    assert (oldest.kind, oldest.person, oldest.model, oldest.summary) == (
        "prior", "Ana", MODEL.id, "bicycles are common",
    )  # fmt: skip
    assert oldest.figures == figures
    assert (oldest.rolled_back_by, newest.rolled_back_by, newest.figures) == ("Ben", None, None)
    assert oldest.accepted_at <= newest.accepted_at <= oldest.rolled_back_at


def test_what_was_learned_holds_for_its_model_and_what_was_set_for_every():
    changes.accept("prior", prior(0, -1, -2), person="Ana", model=MODEL.id)
    changes.accept("dial", dial(audit=0.1), person="Ana")
    own, other = terms_in_force(MODEL), terms_in_force(OTHER)
    assert own.prior.tolist() == [0, -1, -2]
    assert other.prior is None
    assert own.dial == other.dial == Dial(audit=0.1)
    assert own.version != other.version


def test_a_policy_of_other_classes_holds_as_far_as_a_model_has_them():
    changes.accept("policy", POLICY, person="Ana")
    assert terms_in_force(MODEL).policy_for(MODEL.classes).rules == {
        "mug": Rule("review"),
        "tire": Rule("part_of", ("bicycle",)),
    }
    assert terms_in_force(OTHER).policy_for(OTHER.classes).rules == {"mug": Rule("review"), "bowl": Rule("ask")}


def test_a_stored_policy_is_the_policy_that_was_read():
    policy = Policy.read(b"class,policy,part_of\nTire,part of,Bicycle\nmug,,\n", MODEL.classes)
    changes.accept("policy", written(frame(policy)), person="Ana")
    assert terms_in_force(MODEL).policy_for(MODEL.classes).rules["tire"] == policy.rules["tire"]
    changes.accept("policy", b"class,policy\nmug,review\n", person="Ana")
    assert terms_in_force(MODEL).policy_for(MODEL.classes).of("tire") == Rule()  # as a file of one row says


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("policy", b"class,policy\nmug,perhaps\n"),
        ("policy", b""),
        ("policy", b"\x89PNG\r\n"),
        ("prices", b"label,price\n"),
        ("dial", b"{"),
        ("dial", b"[1]"),
        ("dial", b"\xff\xfe\xff"),
        ("dial", b'{"errors": "many"}'),
        ("dial", b'{"places": "x", "colour": 1}'),
        ("prior", b"no tensors"),
        ("head", b""),
        ("text", prior(0, 0, 0)),
    ],
)
def test_a_change_that_cannot_be_used_is_named_and_can_be_rolled_back(kind, content):
    model = MODEL.id if kind in changes.OF_A_MODEL else None
    change = changes.accept(kind, content, person="Ana", model=model)
    with pytest.raises(StoreError, match=rf"change {change} \({kind}\) cannot be used.*roll it back") as refused:
        terms_in_force(MODEL)
    assert len(str(refused.value).splitlines()) == 1
    assert changes.log()[0].id == change
    changes.roll_back(change, "Ana")
    assert terms_in_force(MODEL) == Terms()


def test_a_change_whose_bytes_changed_is_not_used():
    change = changes.accept("prior", prior(0, -1, -2), person="Ana", model=MODEL.id)
    with database.session() as opened:
        (content,) = opened.scalars(changes.select(Change.content))
        opened.execute(update(Change).values(content=content[:-1] + bytes([content[-1] ^ 1])))
    with pytest.raises(StoreError, match=rf"change {change} \(prior\) cannot be read back: roll it back"):
        terms_in_force(MODEL)


@pytest.mark.parametrize(
    ("kind", "model", "person", "match"),
    [
        ("colour", None, "Ana", "no change of kind 'colour'"),
        ("dial", "test@0", "Ana", "every model"),
        ("prior", None, "Ana", "one model"),
        ("dial", None, "", "cannot name a person"),
    ],
)
def test_what_is_no_change_is_refused(kind, model, person, match):
    with pytest.raises(InputError, match=match):
        changes.accept(kind, b"{}", person=person, model=model)
    with pytest.raises(InputError, match="no change 7"):
        changes.roll_back(7, "Ana")
    assert changes.log() == []


def test_terms_are_put_together_once_for_a_state(monkeypatch):
    changes.accept("prices", TEMPLATE.encode(), person="Ana")
    first = terms_in_force(MODEL)
    monkeypatch.setattr(Prices, "read", None)
    assert terms_in_force(MODEL) is first
