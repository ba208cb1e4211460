"""The tab "All models": what there is side by side, published ones to get, and new names or an end for one's own."""

import pandas as pd
import streamlit as st

from dashboard import model_choice
from dashboard.problems import tell, told
from dashboard.text import capital, escape
from engine.models.imagenet import ARCHITECTURES
from engine.models.registry import STARTER, delete_model, list_models, rename_model

_COLUMNS = {
    "name": st.column_config.TextColumn("Model"),
    "classes": st.column_config.NumberColumn("Classes"),
    "photos": st.column_config.NumberColumn("Held-out photos", format="localized"),
    "accuracy": st.column_config.NumberColumn("Right", format="%.1f %%"),
    "log_loss": st.column_config.NumberColumn("Log loss", format="%.3f", help="In nats: less is better"),
    "id": st.column_config.TextColumn("Name and weights", help="As verdicts carry it"),
    "error": st.column_config.TextColumn("Cannot be used"),
}


def draw(name: str) -> None:
    """The table, and what can be done with the model of this name."""
    rows = list_models()
    usable = [row for row in rows if "error" not in row]
    st.title("One model, built in" if len(rows) == 1 else f"{len(usable)} models to choose from")
    tell("models")
    table = pd.DataFrame([row | {"accuracy": 100 * row["accuracy"]} if row.get("accuracy") else row for row in rows])
    shown = [column for column in _COLUMNS if column in table]
    st.dataframe(table[shown], hide_index=True, column_config=_COLUMNS, alt="All models with their figures")
    st.caption("Each was measured on its own photos: only figures on the same photos can be compared.")
    own = [row["name"] for row in rows if row["name"] != STARTER]
    if not own:
        st.markdown("A model that you train on photos of your own appears here, to be renamed or deleted.")
    else:
        _manage(name, own)
    _publish(own)


def _manage(name: str, own: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = st.selectbox("Your model", own, own.index(name) if name in own else 0, key="models-which", width=260)
        with st.popover("Rename", icon=":material/edit:", key="models-rename"):
            new = st.text_input("New name", which, key=f"models-name-{which}", max_chars=64)
            st.button("Rename", type="primary", disabled=new in (which, ""), on_click=_rename, args=(which, new))
        with st.popover("Delete", icon=":material/delete:", key="models-delete"):
            st.markdown(
                f"**{escape(which)}** will be gone for everybody. Verdicts that it gave stay as they are, and so "
                "does the card that says what it was."
            )
            st.button(f"Delete {which}", type="primary", on_click=_delete, args=(which,))


def _publish(own: list[str]) -> None:
    """The published classifiers that are not there yet."""
    names = {architecture: f"imagenet-{architecture}" for architecture in ARCHITECTURES}
    left = [architecture for architecture, name in names.items() if name not in own]
    if not left:
        return
    with st.expander("Get a published classifier", icon=":material/download:", key="models-published"):
        st.markdown(
            "It was trained on a million photos of ImageNet and knows 95 of the starter's 100 classes. Nobody has "
            "calibrated it on photos like yours, so all its listings go to people: to mend that, train on photos of "
            "your own and start from it. The server downloads 10 to 110 MB, once."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            which = st.selectbox("Network, the smallest first", left, key="models-architecture", width=260)
            pressed = st.button("Download", key="models-download")
        if pressed:
            _fetch(which, names[which])
            st.rerun()


def _fetch(architecture: str, name: str) -> None:
    from engine.models.published import fetch

    bar = st.progress(0.0, "Asking for it")

    def show(what: str, share: float, /, **_: float) -> None:
        bar.progress(share, capital(what))

    with told("models"):
        fetch(architecture, name, show)


def _rename(name: str, new: str) -> None:
    asked = model_choice.chosen()
    with told("models"):
        rename_model(name, new)
        if asked == name:
            model_choice.use(new)


def _delete(name: str) -> None:
    asked = model_choice.chosen()
    with told("models"):
        delete_model(name)
        if asked == name:
            model_choice.use(STARTER)
