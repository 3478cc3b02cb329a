"""Settings of the documentation: Sphinx with MyST pages, NumPy docstrings and the furo theme."""

from __future__ import annotations

from importlib.metadata import version as installed

project = "neurosim"
author = "The neurosim developers"
copyright = "2026, The neurosim developers"
version = release = installed("neurosim")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "neurosim"
html_static_path = ["_static"]

myst_enable_extensions = ["amsmath", "dollarmath", "deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_mock_imports = ["brian2", "nest", "snntorch", "torch"]
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_custom_sections = [("Shapes", "notes_style")]
