"""The pages in one frame: navigation and what every page shares."""

import streamlit as st

st.set_page_config(page_title="Tally", page_icon=":material/inventory_2:", layout="wide")

page = st.navigation(
    [
        st.Page(
            "../pages/classify.py",
            title="Classify",
            icon=":material/photo_library:",
            default=True,
            help="What several photos of one object show, and why",
        )
    ],
    position="top",
)
page.run()
