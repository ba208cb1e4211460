"""Models by name: the built-in starter and those under TALLY_HOME/models, one folder each."""

import json
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import settings
from engine.errors import DamagedModel, InputError, ModelError, ModelNotFound, ModelProtected

if TYPE_CHECKING:  # torch is imported only when a model is loaded
    from engine.models.classifier import Classifier

STARTER = "starter"
CARD, REPORT = "card.json", "report.json"
_STARTER_FOLDER = Path(__file__).parent / STARTER
_DELETED = ".deleted"  # cards of deleted models, by their ids
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def load_model(name: str | Path = STARTER) -> "Classifier":
    """Load a model by its name in the registry, or from a folder.

    Raises ModelNotFound or DamagedModel.
    """
    from engine.models.classifier import Classifier

    return Classifier(find(str(name)))


def find(name: str) -> Path:
    """The folder of a registered model, or `name` itself where that is a folder with a model.

    Raises ModelNotFound.
    """
    if name == STARTER:
        return _STARTER_FOLDER
    if _NAME.fullmatch(name) and (_home() / name / CARD).is_file():
        return _home() / name
    with suppress(OSError, ValueError):  # not every text can be a path
        if (Path(name) / CARD).is_file():
            return Path(name)
    known = ", ".join(folder.name for folder in _folders())
    raise ModelNotFound(f"there is no model {name!r}", f"use one of {known}, or the folder of a model")


def list_models() -> list[dict[str, Any]]:
    """One row a registered model, the starter first: its id, classes and figures, or why it cannot be used."""
    from engine.models.checkpoint import read_card

    rows: list[dict[str, Any]] = []
    for folder in _folders():
        try:
            card = read_card(folder)
        except (ModelNotFound, DamagedModel) as error:
            rows.append({"name": folder.name, "error": str(error)})
            continue
        figures = card.raw.get("figures", {}).get("validation") or {}
        rows.append(
            {
                "name": folder.name,
                "id": card.id,
                "kind": card.network.get("architecture", "starter"),
                "classes": len(card.classes),
                "accuracy": figures.get("accuracy"),
                "log_loss": figures.get("log_loss"),
                "photos": figures.get("photos"),
            }
        )
    return rows


def rename_model(name: str, new_name: str) -> None:
    """Rename a registered model's folder. Its id, which past verdicts carry, stays what its card says.

    Raises ModelNotFound, ModelProtected for the starter, and InputError for a name that is taken or not a name.
    """
    folder = _own_folder(name)
    folder.rename(new_folder(new_name))


def new_folder(name: str) -> Path:
    """Where a model of this name is to be put.

    Raises InputError for a name that is taken or not a name.
    """
    if check_name(name) == STARTER or (_home() / name).exists():
        raise InputError(f"there is already a model {name!r}", "choose another name")
    return _home() / name


def check_name(name: str) -> str:
    """The name, if it can be a model's.

    Raises InputError.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is not a model name", "use up to 64 letters, digits, dots, dashes")
    return name


def delete_model(name: str) -> None:
    """Delete a registered model's folder. Its card stays, for the verdicts that it gave.

    Raises ModelNotFound, ModelProtected for the starter, and ModelError if it cannot be deleted.
    """
    from engine.models.checkpoint import read_card

    folder = _own_folder(name)
    try:
        with suppress(ModelNotFound, DamagedModel):  # it gave none
            card = read_card(folder)
            (_home() / _DELETED).mkdir(exist_ok=True)
            shutil.copyfile(folder / CARD, _home() / _DELETED / f"{card.id}.json")
        if folder.is_symlink():
            folder.unlink()  # the link is the registry's, what it leads to is not
        else:
            shutil.rmtree(folder)
    except OSError as error:
        raise ModelError(f"{name} could not be deleted ({error})", "try again") from error


def classes_of(model_id: str) -> list[str]:
    """The classes of a model by its id, deleted ones too: what the verdicts that it gave speak of; none if unknown."""
    cards = [_home() / _DELETED / f"{Path(model_id).name}.json", *(folder / CARD for folder in _folders())]
    for path in cards:
        with suppress(OSError, ValueError, KeyError, TypeError):
            raw = json.loads(path.read_text("utf-8"))
            if f"{raw['name']}@{raw['weights']['sha256'][:12]}" == model_id:
                return [str(name) for name in raw["classes"]]
    return []


def report_of(name: str) -> dict[str, Any] | None:
    """The report that was made when the model was trained; None if there is none, or none that can be read.

    Raises ModelNotFound.
    """
    with suppress(OSError, ValueError):
        report: dict[str, Any] = json.loads((find(name) / REPORT).read_text("utf-8"))
        return report
    return None


def _own_folder(name: str) -> Path:
    if name == STARTER:
        raise ModelProtected(f"{STARTER!r} is built in", "it cannot be renamed or deleted")
    folder = _home() / name
    if not _NAME.fullmatch(name) or not folder.is_dir():
        raise ModelNotFound(f"there is no model {name!r}", "tally models lists them")
    return folder


def _folders() -> list[Path]:
    own = sorted(path for path in _home().iterdir() if path.is_dir()) if _home().is_dir() else []
    return [_STARTER_FOLDER, *(path for path in own if _NAME.fullmatch(path.name))]


def _home() -> Path:
    return settings.home() / "models"
