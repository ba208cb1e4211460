"""Plotly figures, a file a page."""

# The bar of tools shows on hover: save as a picture is what people use; zooming a bar chart is not.
CONFIG = {"displaylogo": False, "modeBarButtons": [["toImage"]], "responsive": True}
