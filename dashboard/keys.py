"""Keys as shortcuts of buttons."""

import streamlit as st

# Shortcuts fire again and again while a key is held: each would answer a picture that nobody has seen.
_ONCE = """
export default function () {
  const stop = (event) => {
    if (event.repeat && !event.target.closest?.("input, textarea")) event.stopImmediatePropagation();
  };
  window.addEventListener("keydown", stop, true);
  return () => window.removeEventListener("keydown", stop, true);
}
"""

_each_press_once = st.components.v2.component("tally_each_press_once", js=_ONCE)


def each_press_once() -> None:
    """A key that is held counts once, as long as this stands on the page."""
    _each_press_once(key="each-press-once", height=0)
