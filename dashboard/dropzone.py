"""Files pasted or dropped anywhere on a page go to its uploader.

Streamlit's uploader takes only what is pasted or dropped right on it; elsewhere a paste is lost and a drop makes the
browser leave the page for the picture.
"""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

_JS = """
export default function () {
  const hand = (files, tries) => {
    const field = document.querySelector(".st-key-dropzone input[type=file]");
    if (field) {
      field.files = files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (tries > 0) {
      setTimeout(() => hand(files, tries - 1), 100); // the uploader is being drawn
    }
  };
  const give = (event, transfer) => {
    if (event.defaultPrevented || !transfer?.files.length) return;
    const writing = event.target.closest?.("input, textarea");
    if (writing && transfer.types.includes("text/plain")) return; // text of an office program, its picture beside it
    event.preventDefault();
    const files = new DataTransfer();
    for (const file of transfer.files) files.items.add(file);
    hand(files.files, 100);
  };
  document.onpaste = (event) => give(event, event.clipboardData);
  document.ondrop = (event) => give(event, event.dataTransfer);
  document.ondragover = (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  };
  return () => {
    document.onpaste = document.ondrop = document.ondragover = null;
  };
}
"""

_forward = st.components.v2.component("tally_dropzone", js=_JS)


def dropzone() -> DeltaGenerator:
    """The container for a page's one uploader: it gets the files pasted or dropped anywhere on the page."""
    container = st.container(key="dropzone", gap=None)
    with container:
        _forward(key="dropzone-forward", height=0)
    return container
