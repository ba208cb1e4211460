"""The pages in one frame: navigation and what every page shares."""

import streamlit as st

# Four strokes and one across: five. The blue is legible on both themes; icons by name would come from another host.
_MARK = """<g stroke="#2F86C1" stroke-width="2.4" stroke-linecap="round">
<path d="M4 4v16M9 4v16M14 4v16M19 4v16M1.5 17 21.5 7"/></g>"""
_ICON = f'<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48" viewBox="0 0 24 24">{_MARK}</svg>'
_LOGO = f"""<svg xmlns="http://www.w3.org/2000/svg" width="92" height="24" viewBox="0 0 92 24">{_MARK}
<text x="30" y="19" font-family="Source Sans, sans-serif" font-size="20" font-weight="700" fill="#2F86C1">Tally</text>
</svg>"""

st.set_page_config(page_title="Tally", page_icon=_ICON, layout="wide")
st.logo(_LOGO, size="medium")

page = st.navigation(
    [
        st.Page(
            "../pages/classify.py",
            title="Classify",
            icon=":material/photo_library:",
            default=True,
            help="What several photos of one object show, and why",
        ),
        st.Page(
            "../pages/learning.py",
            title="Learning",
            icon=":material/school:",
            help="Would more data help? Is it bias or variance?",
        ),
        st.Page(
            "../pages/tweets.py",
            title="Tweets",
            icon=":material/monitoring:",
            help="Impressions, followers and engagement by month, against goals",
        ),
        st.Page("../pages/models.py", title="Models", icon=":material/neurology:", visibility="hidden"),
    ],
    position="top",
)
page.run()
