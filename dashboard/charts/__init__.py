"""Plotly figures, a file a page."""

from plotly.graph_objects import Figure as Figure  # what reports hold; plotly itself stays in here
from streamlit.elements.lib.streamlit_plotly_theme import (
    CATEGORY_0,
    CATEGORY_1,
    CATEGORY_2,
    configure_streamlit_plotly_theme,
)

# Streamlit's colours come by a template that must be known before the first figure is made; Streamlit itself registers
# it only with the first chart it draws.
configure_streamlit_plotly_theme()

# The bar of tools shows on hover: save as a picture is what people use; zooming a bar chart is not.
CONFIG: dict[str, object] = {"displaylogo": False, "modeBarButtons": [["toImage"]], "responsive": True}

# The theme's first colours, for traces that would get another by their order; the browser puts the real ones in.
COLOURS = (CATEGORY_0, CATEGORY_1, CATEGORY_2)

_PRINT_COLOURS = ("#0072B2", "#D98200", "#009E73", "#B8609A", "#56B4E9")  # of the light theme


def as_html(figure: Figure, *, with_program: bool) -> str:
    """A chart for a page of its own; the first of a page brings the program that draws them all (5 MB)."""
    figure.update_layout(template="plotly_white", colorway=_PRINT_COLOURS)
    html: str = figure.to_html(full_html=False, include_plotlyjs=with_program, config=CONFIG)
    return html
