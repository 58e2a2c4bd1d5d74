"""The runner of the campaigns, and what holds for all of them."""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

pytest.importorskip("matplotlib")
pytest.importorskip("optuna")
from experiments import evidence, runner
from experiments.campaign import Campaign, Measurement
from experiments.seeds import ROLES
from inv_gym.util.files import write_atomically

ROOT = Path(__file__).parents[2]
EXPERIMENTS = ROOT / "examples" / "experiments"
PAGES = {
    "evidence": "evidence.md",
    "structure": "structure.md",
    "sample_efficiency": "ppo.md",
    "zero_shot": "zero-shot.md",
}


def measure(folder: Path, name: str, value: int) -> None:
    """Count the calls, and leave a result."""
    calls = folder / f"{name}.calls"
    write_atomically(calls, f"{calls.read_text() if calls.exists() else ''}{value}")
    write_atomically(folder / f"{name}.json", str(value))


def plan(value: int = 1) -> list[Measurement]:
    """Two that are kept, and one that is measured each time."""
    kept = [Measurement(name, (name, value), file=f"{name}.json") for name in ("first", "second")]
    return [*kept, Measurement("short", ("short", value), "seed 0")]


def publish(folder: Path, target: Path) -> list[Path]:
    """A page of all results."""
    text = " ".join(path.stem for path in sorted(folder.glob("*.json")))
    return [write_atomically(target / "page.md", text)]


@pytest.fixture
def campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a campaign of three tiny measurements in place of that of the evidence."""
    folder, docs = tmp_path / "results", tmp_path / "docs"
    tiny = Campaign(folder, plan, measure, publish, pages=docs)
    monkeypatch.setattr(evidence, "CAMPAIGN", tiny)
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(runner.app(), ["evidence", *arguments])


def test_what_is_measured_is_kept_and_the_rest_goes_on(campaign: Path) -> None:
    begun = run("--only", "first", "--jobs", "1")
    assert begun.exit_code == 0, begun.output
    assert begun.output.splitlines() == ["1 of 1: first", f"Wrote {campaign / 'page.md'}"]
    assert run("--list").output.splitlines() == ["first (measured)", "second", "short, seed 0"]
    gone_on = run("--jobs", "1")
    assert gone_on.output.splitlines()[:2] == ["1 of 2: second", "2 of 2: short, seed 0"]
    assert run("--jobs", "1", "--set", "value=2").output.startswith("1 of 1: short, seed 0")
    calls = {path.stem: path.read_text() for path in campaign.glob("*.calls")}
    assert calls == {"first": "1", "second": "1", "short": "12"}


def test_write_measures_nothing_and_writes_to_the_docs(campaign: Path, tmp_path: Path) -> None:
    run("--only", "first")
    written = run("--write")
    assert written.output.splitlines() == [f"Wrote {tmp_path / 'docs' / 'page.md'}"]
    assert (tmp_path / "docs" / "page.md").read_text() == "first"
    assert not (campaign / "second.json").exists()


@pytest.mark.usefixtures("campaign")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--only", "secnd"), "Did you mean 'second'"),
        (("--set", "valu=2"), "Did you mean 'value'"),
        (("--set", "value"), "--set must be name=value, got 'value'"),
        (("--set", "value=x"), "setting value must be a whole number of at least 1, got 'x'"),
        (("--set", "value=0"), "setting value must be a whole number of at least 1, got '0'"),
        (("--set", "value=-1"), "setting value must be a whole number of at least 1, got '-1'"),
        (("--only", "first", "--write"), "nothing is measured in"),
        (("--list", "--out", __file__), "test_runner.py', is a file: give a folder"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], message: str) -> None:
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert message in " ".join(re.sub("[│╭╰─╮╯]", " ", refused.output).split())


def test_an_unknown_campaign_is_refused_with_the_nearest_name() -> None:
    refused = CliRunner().invoke(runner.app(), ["evidenc"])
    assert refused.exit_code == 2
    assert "Did you mean 'evidence'?" in refused.output


def test_the_command_lists_the_campaigns_with_one_line_each() -> None:
    command = [sys.executable, "examples/experiments", "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = [line.strip() for line in shown.splitlines()]
    assert all(f"{name}: {summary}" in lines for name, summary in runner.CAMPAIGNS.items())
    assert len((EXPERIMENTS / "runner.py").read_text().splitlines()) < 120


@pytest.mark.parametrize("name", runner.CAMPAIGNS)
def test_a_campaign_plans_measurements_with_results_of_their_own(name: str) -> None:
    campaign: Campaign = import_module(f"experiments.{name}").CAMPAIGN
    measurements = list(campaign.plan())
    files = [measurement.file for measurement in measurements if measurement.file is not None]
    assert len(measurements) >= 5
    assert len({measurement.title for measurement in measurements}) == len(measurements)
    assert len(set(files)) == len(files)


def test_no_seed_has_two_roles() -> None:
    assert set(ROLES) == {"training", "validation", "tuning", "test"}
    assert all(ROLES.values())
    for (role, seeds), (other, others) in itertools.combinations(ROLES.items(), 2):
        assert not seeds & others, (role, other)


def definitions(path: Path) -> set[str]:
    """The constants and classes that a file defines at its top."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            parts = [part for target in targets for part in ast.walk(target)]
            names |= {part.id for part in parts if isinstance(part, ast.Name)}
    return names


def test_no_name_stands_for_two_things() -> None:
    folders = [ROOT / name for name in ("inv_gym", "agents", "baselines", "examples")]
    files = {path.resolve() for folder in folders for path in folder.rglob("*.py")}
    files -= set((ROOT / "examples").glob("*.py"))  # each is read for itself
    files -= set((ROOT / "examples" / "labs").rglob("*.py"))
    counts = Counter(name for path in files for name in definitions(path) - {"CAMPAIGN", "__all__"})
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_docs_has_the_text_beside_its_campaign(name: str) -> None:
    text = (EXPERIMENTS / name / "page.md").read_text()
    written = (ROOT / "docs" / PAGES[name]).read_text()
    for part in re.split(r"\{[a-z_]+\}", text):
        assert part.strip() in written
    assert f"python examples/experiments {name}" in written


def test_pages_are_written_to_the_checkout_wherever_a_campaign_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert evidence.CAMPAIGN.pages.samefile(Path(__file__).parents[2] / "docs")
