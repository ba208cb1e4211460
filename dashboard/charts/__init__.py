"""Plotly figures, a file a page."""

from streamlit.elements.lib.streamlit_plotly_theme import configure_streamlit_plotly_theme

# Streamlit's colours come by a template that must be known before the first figure is made; Streamlit itself registers
# it only with the first chart it draws.
configure_streamlit_plotly_theme()

# The bar of tools shows on hover: save as a picture is what people use; zooming a bar chart is not.
CONFIG = {"displaylogo": False, "modeBarButtons": [["toImage"]], "responsive": True}
