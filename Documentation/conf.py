# SPDX-License-Identifier: GPL-2.0-only
"""How Sphinx makes pages of this folder: make docs."""

project = "migsel"
exclude_patterns = ["examples", "man"]
html_theme = "alabaster"
html_theme_options = {
    "description": "by which NIC migrations leave",
    "body_min_width": "0",
    "page_width": "70em",
    "sidebar_width": "15em",
    "show_powered_by": False,
}
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
html_static_path = ["static"]
html_css_files = ["page.css"]
html_copy_source = False
# Most of what is shown is no program, and some of it in no language.
highlight_language = "none"
# Types without a comment of their own, the kernel's among them, have no place to lead to.
nitpick_ignore_regex = [("c:identifier", ".*")]
c_id_attributes = ["__percpu", "__rcu"]
