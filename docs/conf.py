"""Settings of the documentation: Sphinx with MyST pages, NumPy docstrings and the furo theme."""

from __future__ import annotations

import re
from importlib.metadata import version as installed
from typing import Any

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.application import Sphinx

project = "neurosim"
author = "The neurosim developers"
copyright = "2026, The neurosim developers"
version = release = installed("neurosim")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "neurosim"
html_static_path = ["_static"]
html_math_renderer = "mathml"

myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3

suppress_warnings = ["ref.python"]  # words of a shape, as in (replicas, n_units), may name attributes of several classes

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_mock_imports = ["brian2", "nest", "snntorch", "torch"]
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_param = False  # or the words of a shape would become links
napoleon_use_rtype = False
napoleon_custom_sections = [("Shapes", "notes_style")]


def setup(app: Sphinx) -> None:
    """Write formulas as MathML, which browsers draw themselves: the pages need nothing from elsewhere."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))


def inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(mathml(node, as_block=False))
    raise nodes.SkipNode


def block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="math">{mathml(node, as_block=True)}</div>')
    raise nodes.SkipNode


def mathml(node: nodes.Element, as_block: bool) -> str:
    """Translate a formula; the short form of fractions, as in ``\\frac12``, gets its braces first."""
    tex = re.sub(r"(\\t?frac)\s*(\w)\s*(\w)", r"\1{\2}{\3}", node.astext())
    return latex2mathml.tex2mathml(tex, as_block=as_block)
