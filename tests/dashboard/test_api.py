"""The HTTP API of a real server: verdicts, limits, and errors as the contract words them."""

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlsplit

import anyio
import httpx
import numpy as np
import pytest
from starlette.applications import Starlette

import engine
from dashboard import api, cached, keeping
from dashboard.cli import main
from dashboard.samples import drawn_listing
from engine import settings
from engine.errors import StoreError
from engine.listings.proposals import _packed
from engine.listings.terms import Terms
from engine.models.registry import find
from engine.store import changes
from engine.store.terms import terms_in_force
from engine.store.verdicts import verdict


def post(server: str, files=None, data=None, **headers: str) -> httpx.Response:
    return httpx.post(f"{server}/api/classify", files=files, data=data, headers=headers, timeout=60)


def as_files(photos) -> list:
    return [("photos", photo) for photo in photos]


def error(response: httpx.Response, status: int) -> dict:
    assert response.status_code == status, response.text
    (body,) = response.json().values()
    assert set(body) == {"code", "message", "remedy"}
    assert body["message"]
    return body


def test_alive_and_ready(server, model):
    assert httpx.get(f"{server}/healthz").json() == {"alive": True}
    assert httpx.get(f"{server}/readyz").json() == {"ready": True, "model": model.id}


@pytest.mark.parametrize("rule", ["pooled", "majority"])
def test_the_same_verdict_as_in_python(server, model, rule):
    photos = [*drawn_listing("bicycle"), ("x.jpg", b"hello")]
    response = post(server, as_files(photos), {"description": "old road bike", "rule": rule})
    assert response.status_code == 200
    assert response.json() == engine.classify_listing(photos, "old road bike", model=model, rule=rule).as_dict()


def test_each_verdict_is_kept_and_its_address_told(server):
    first, again = (post(server, as_files(drawn_listing("mug")), {"description": "a mug"}) for _ in range(2))
    address = first.headers["Content-Location"]
    assert address.startswith("/classify?verdict=")
    assert again.headers["Content-Location"] == address


@pytest.fixture
def endpoint(model, monkeypatch) -> Iterator[Callable[..., httpx.Response]]:
    """The API within this process, with the test's own home: post("mug") answers."""
    loaded: Future = Future()
    loaded.set_result(model)
    monkeypatch.setattr(cached, "_models", {cached.identity("starter"): (loaded, 0.0)})
    transport = httpx.ASGITransport(Starlette(routes=api.routes))

    async def asked(name: str, photos: list | None, fields: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://tally") as client:
            return await client.post("/api/classify", files=as_files(photos or drawn_listing(name)), data=fields)

    with ThreadPoolExecutor(1) as worker:  # the browser of other tests keeps a loop in this thread
        yield lambda name, photos=None, **fields: worker.submit(anyio.run, asked, name, photos, fields).result()


def test_the_terms_in_force_hold_and_the_kept_verdict_is_the_one_that_was_answered(endpoint, model):
    changes.accept("policy", b"class,policy\nmug,review\ntire,ask\n", person="ann")
    response = endpoint("mug")
    assert response.json()["reasons"] == ["by policy a person looks at every mug"]
    photos, terms = drawn_listing("mug"), terms_in_force(model)
    assert response.json() == engine.classify_listing(photos, model=model, terms=terms).as_dict()
    kept = verdict(response.headers["Content-Location"].partition("=")[2])
    assert kept.verdict.as_dict() == response.json()
    assert (kept.origin, kept.waits, kept.terms) == ("http", "review", terms.version)
    assert endpoint("bicycle").json()["ask"] == "tire"


def test_policy_prices_prior_and_dial_give_one_verdict_on_every_path(endpoint, model, tmp_path, capsys):
    prior = np.log([{"mug": 0.001, "bicycle": 0.1}.get(name, 0.01) for name in model.classes])
    sales = "label,price,currency\n" + "".join(f"mug,{price},EUR\n" for price in range(5, 20))
    changes.accept("policy", b"class,policy\nmug,ask\n", person="ann")
    changes.accept("prices", sales.encode(), person="ann")
    changes.accept("dial", json.dumps({"rule": "costs", "cost_of_error": 90.0}).encode(), person="ann")
    changes.accept("prior", _packed("prior", Terms(prior=prior), model), person="ann", model=model.id)
    (tmp_path / "mug").mkdir()
    for name, data in drawn_listing("mug"):
        (tmp_path / "mug" / name).write_bytes(data)
    photos = sorted(drawn_listing("mug"))
    answered = endpoint("mug", photos).json()
    assert main(["classify", str(tmp_path / "mug"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {**told, "listing": "listing"} == answered
    assert answered == engine.classify_listing(photos, model=model, terms=terms_in_force(model)).as_dict()
    assert (answered["ask"], answered["price"]["n"]) == ("mug", 15)
    assert answered["evidence"]["prior"]["mug"] < 0


def test_a_verdict_that_cannot_be_kept_is_answered_all_the_same(endpoint, monkeypatch):
    def full(*_, **__) -> str:
        raise StoreError("the disk is full", "make room")

    monkeypatch.setattr(keeping, "save_verdict", full)
    response = endpoint("mug")
    assert (response.status_code, response.json()["decision"]) == (200, "accept")
    assert "Content-Location" not in response.headers


def test_without_its_settings_nothing_is_accepted(endpoint, home):
    home.mkdir()
    (home / "tally.sqlite3").write_bytes(b"no database" * 99)
    response = endpoint("mug")
    assert (response.status_code, response.json()["label"], response.json()["decision"]) == (200, "mug", "review")
    assert "the settings in force could not be read" in response.json()["reasons"][0]
    assert "Content-Location" not in response.headers


def test_all_photos_unreadable_is_a_verdict_not_an_error(server):
    response = post(server, as_files([("x.jpg", b"hello")]))
    assert response.status_code == 200
    assert (response.json()["decision"], response.json()["label"]) == ("review", None)


def test_no_photos(server):
    assert error(post(server, files=[("other", b"x")]), 422)["message"] == "there are no photos"


def test_photos_must_be_files(server):
    assert "not a file" in error(post(server, [("x", b"x")], {"photos": "text"}), 422)["message"]


def test_an_unknown_rule(server):
    assert (
        "no rule 'loudest'" in error(post(server, as_files(drawn_listing("mug")), {"rule": "loudest"}), 422)["message"]
    )


def test_a_model_of_its_own_answers_and_one_that_is_not_there_is_said(endpoint, home, model):
    folder = shutil.copytree(find("starter"), home / "models" / "ours")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"name": "ours"}))
    cached.model_in_background("ours").result()
    assert endpoint("mug", model="ours").json()["model"].startswith("ours@")
    assert endpoint("mug").json()["model"] == model.id
    for name in ("theirs", "../models/ours", str(folder)):
        assert "there is no model" in error(endpoint("mug", model=name), 422)["message"]


def test_too_long_a_description(server):
    words = "x" * (settings.DESCRIPTION_CHARACTERS + 1)
    assert error(post(server, as_files(drawn_listing("mug")), {"description": words}), 413)["code"] == "limit_exceeded"


def test_too_many_photos(server):
    photos = [(f"{number}.jpg", b"x") for number in range(settings.PHOTOS_PER_LISTING + 1)]
    assert "up to 20 photos" in error(post(server, as_files(photos)), 413)["message"]


def test_not_multipart(server):
    response = httpx.post(f"{server}/api/classify", json={"photos": []})
    assert error(response, 415)["code"] == "not_multipart"


def test_broken_multipart(server):
    response = httpx.post(
        f"{server}/api/classify", content=b"--x\r\nnonsense", headers={"content-type": "multipart/form-data"}
    )
    assert error(response, 400)["code"] == "bad_multipart"


def test_pages_of_other_sites_cannot_post(server):
    response = post(server, as_files(drawn_listing("mug")), **{"Sec-Fetch-Site": "cross-site"})
    assert error(response, 403)["code"] == "cross_site"


NOWHERE = [
    ("GET", "/api/classify"),
    ("OPTIONS", "/api/classify"),
    ("POST", "/api/nothing"),
    ("DELETE", "/api/x/y"),
    ("GET", "/api"),
    ("GET", "/metrics"),
]


@pytest.mark.parametrize(("method", "path"), NOWHERE)
def test_what_is_not_there(server, method, path):
    assert "POST /api/classify" in error(httpx.request(method, server + path), 404)["remedy"]


def raw(server: str, head: str, body: list[bytes]) -> bytes:
    """Send a request as written; the answer, also when the server closes before all is sent."""
    address = urlsplit(server)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        try:
            connection.sendall(head.encode())
            for part in body:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionResetError:
            pass
        return answer


HEAD = (
    "POST /api/classify HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=x\r\n"
)


def test_a_body_stated_too_large_is_refused_before_it_comes(server):
    answer = raw(server, f"{HEAD}Content-Length: {51_000_000}\r\n\r\n", [])
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"over the limit of 50 MB" in answer


def test_a_body_that_never_ends_is_cut_off(server):
    """Chunked: no length is stated, so it is counted as it comes."""
    start = b'--x\r\nContent-Disposition: form-data; name="photos"; filename="a.jpg"\r\n\r\n'
    chunk = b"\0" * 1_000_000
    pieces = [f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in [start, *[chunk] * 60]]
    answer = raw(server, f"{HEAD}Transfer-Encoding: chunked\r\n\r\n", pieces)
    assert not answer or answer.startswith(b"HTTP/1.1 413")  # the connection may close before the answer is read
    assert httpx.get(f"{server}/healthz").status_code == 200


def test_errors_reach_a_client_that_is_still_sending(server):
    """Megabytes are on their way when the error is known; the connection must not be reset over them."""
    heavy = ("noise.bin", bytes(9_000_000))
    files = as_files([heavy] * 4)
    assert error(post(server, files, **{"Sec-Fetch-Site": "cross-site"}), 403)
    assert error(httpx.post(f"{server}/api/nothing", files=files, timeout=60), 404)
    many = as_files([("a.bin", bytes(1_000_000))] * 30)
    assert "up to 20 photos" in error(post(server, many), 413)["message"]


def test_idle_uploads_do_not_keep_others_out(server):
    start = b'--x\r\nContent-Disposition: form-data; name="photos"; filename="a.jpg"\r\n\r\n'
    idle = []
    address = urlsplit(server)
    for _ in range(settings.WAITING_REQUESTS + 2):
        connection = socket.create_connection((address.hostname, address.port), timeout=60)
        connection.sendall(f"{HEAD}Content-Length: 1000\r\n\r\n".encode() + start)
        idle.append(connection)
    try:
        assert post(server, as_files(drawn_listing("mug"))).json()["label"] == "mug"
    finally:
        for connection in idle:
            connection.close()


def test_media_types_have_no_case(server):
    request = httpx.Request("POST", f"{server}/api/classify", files=as_files(drawn_listing("mug")))
    request.headers["content-type"] = request.headers["content-type"].replace(
        "multipart/form-data", "Multipart/Form-Data"
    )
    with httpx.Client(timeout=60) as client:
        assert client.send(request).json()["label"] == "mug"


def test_a_model_that_does_not_load_is_said(monkeypatch):
    failed: Future = Future()
    failed.set_exception(engine.DamagedModel("the weights are damaged", "restore them"))
    monkeypatch.setattr(cached, "_models", {cached.identity("starter"): (failed, float("inf"))})
    with pytest.raises(engine.DamagedModel):
        api._ready_model()


def test_file_names_are_only_names(server):
    response = post(server, as_files([("../../etc/passwd", drawn_listing("mug")[0][1])]))
    assert response.status_code == 200
    assert response.json()["photos"][0]["name"] == "../../etc/passwd"


def test_several_callers_at_once_all_get_their_answer(server):
    listings = [drawn_listing(name) for name in ("bicycle", "mug", "tie")] * 2
    with ThreadPoolExecutor(6) as pool:
        responses = list(pool.map(lambda photos: post(server, as_files(photos)), listings))
    assert [response.status_code for response in responses] == [200] * 6
    assert [response.json()["label"] for response in responses] == ["bicycle", "mug", "bicycle"] * 2
