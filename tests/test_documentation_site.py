"""The documentation site: what is generated, what it leads to, and whether all is described."""

import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from docutils.utils.math.latex2mathml import tex2mathml

import inv_gym

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS))
import fields  # noqa: E402
from check_links import broken_links  # noqa: E402

GENERATED = {"fields"}


def modules() -> list[ModuleType]:
    """Every module of the package but the one that runs it."""
    found = pkgutil.walk_packages(inv_gym.__path__, "inv_gym.")
    return [importlib.import_module(each.name) for each in found if "__main__" not in each.name]


@pytest.mark.parametrize("kind", fields.PROBLEMS)
def test_every_field_of_a_problem_has_a_meaning(kind: type[inv_gym.Problem]) -> None:
    table = fields.table(kind)
    for field in dataclasses.fields(kind):
        row = re.search(rf"^\| `{field.name}` \| `(.*)` \| (.+) \|$", table, re.MULTILINE)
        assert row is not None, field.name
        assert row[1] == repr(field.default)
        assert len(row[2]) > 10


def test_every_page_is_in_the_site() -> None:
    trees = re.findall(r"```\{toctree\}\n(.*?)```", (DOCS / "index.md").read_text(), re.DOTALL)
    lines = {line for tree in trees for line in tree.splitlines() if line}
    listed = {line for line in lines if not line.startswith(":")}
    pages = {path.stem for path in DOCS.glob("*.md")} - {"index"}
    assert pages | GENERATED <= listed
    assert listed <= pages | GENERATED


FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def equations(text: str) -> list[str]:
    """The equations of a page, those that stand alone first."""
    prose = re.sub(r"`[^`]+`", "", FENCE.sub("", text))
    alone = [body for language, body in FENCE.findall(text) if language == "math"]
    return alone + re.findall(r"\$([^$]+)\$", prose)


def test_every_equation_can_be_drawn() -> None:
    written = [each for path in DOCS.glob("*.md") for each in equations(path.read_text())]
    assert len(written) > 40
    for equation in written:
        assert tex2mathml(equation).startswith("<math"), equation


def test_all_that_is_public_is_described() -> None:
    lacking = []
    for module in modules():
        public = {name: value for name, value in vars(module).items() if not name.startswith("_")}
        for name, value in public.items():
            if getattr(value, "__module__", None) != module.__name__:
                continue
            if not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            if not inspect.getdoc(value):
                lacking.append(f"{module.__name__}.{name}")
            if inspect.isclass(value):
                lacking += [
                    f"{module.__name__}.{name}.{method}"
                    for method, what in inspect.getmembers(value, inspect.isfunction)
                    if not method.startswith("_")
                    and what.__module__.startswith("inv_gym")
                    and not inspect.getdoc(getattr(value, method))
                ]
    assert lacking == []


def test_the_glossary_is_sorted() -> None:
    words = re.findall(r"^\| ([^|]+) \|", (DOCS / "glossary.md").read_text(), re.MULTILINE)[2:]
    assert words == sorted(words, key=str.lower)


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a id="here" href="b.html#there"></a><a href="#here"></a>')
    (tmp_path / "b.html").write_text('<a href="https://c"></a><a href="c.html"></a>')
    assert broken_links(tmp_path) == ["a.html: b.html#there", "b.html: c.html"]
