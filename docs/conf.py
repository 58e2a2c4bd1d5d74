"""The documentation site: `make docs`."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(Path(__file__).parent))

import inv_gym  # noqa: E402

project = "inv_gym"
author = copyright = "inv_gym contributors"
release = version = inv_gym.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "equations",
    "fields",
]
html_math_renderer = "mathml"
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"inv_gym {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_fence_as_directive = ["math"]
suppress_warnings = ["myst.xref_missing"]
"""Links that lead out of the site, to files of the repository; a test follows each of them."""
autodoc_member_order = "bysource"
autodoc_typehints = "none"
default_role = "code"
napoleon_use_ivar = True
