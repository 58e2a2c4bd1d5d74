"""Tables on the command line: what describes them, and who was trained on them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_cases import stored
from typer.testing import CliRunner, Result

import inv_gym
from inv_gym.agents import DirectBackprop, TrainingConfig
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.commands.app import app
from inv_gym.commands.tables import named_columns
from inv_gym.leaderboard.loading import as_options
from inv_gym.products.panel import PanelProducts, read_panel

ENV = ("--env", "InvLostSales-v0")
TINY = ("--steps", "2", "--batch", "16", "--channels", "4", "--hidden", "8", "--horizon", "5")
AGENTS = """
from inv_gym.agents.inventory_agent import InventoryAgent

def trained(problem):
    return InventoryAgent.load("run", problem)
"""
MESSY = ("--separator", ";", "--columns", "series=Product,date=Date,units=Sold")
MENDED = (*MESSY, "--missing", "zero", "--returns", "zero", "--duplicates", "sum")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory with tables and a module of policies."""
    monkeypatch.chdir(tmp_path)
    sales().to_csv("sales.csv", index=False)
    messy = (
        sales()
        .drop(index=[7, 8])
        .rename(columns={"series": "Product", "date": "Date", "units": "Sold"})
    )
    messy.loc[9, "Sold"] = -1
    pd.concat([messy, messy[:1]]).to_csv("messy.csv", index=False, sep=";")
    (tmp_path / "trained_policies.py").write_text(AGENTS)
    return tmp_path


def sales(seed: int = 0, days: int = 200) -> pd.DataFrame:
    units = np.random.default_rng(seed).poisson(4.0, (3, days))
    dates = pd.date_range("2024-01-01", periods=days).strftime("%Y-%m-%d")
    return pd.concat(
        [
            pd.DataFrame({"series": f"item {k}", "date": dates, "units": row})
            for k, row in enumerate(units)
        ],
        ignore_index=True,
    )


def leaderboard(*arguments: str) -> Result:
    quick = ("--quick", "--products", "9", *ENV)
    return CliRunner().invoke(app, ["leaderboard", *quick, *arguments])


def train(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["train", *ENV, *TINY, "--out", "run", *arguments])


def played(notes_of: str = "data") -> tuple[pd.DataFrame, dict]:
    boards = json.loads(Path("results/leaderboard.json").read_text())
    frame = pd.read_csv("results/leaderboard.csv")
    board = next(board for board in boards if board["section"] == notes_of)
    return frame[frame["section"] == notes_of], board


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ('pass missing="zero", or returns="zero".', "pass --missing zero, or --returns zero."),
        ("give separator=';'", "give --separator ';'"),
        ("give separator='\\t'", "give --separator tab"),
        (
            'give columns={"series": "My shop", "date": ...} to',
            "give --columns 'series=My shop,date=...' to",
        ),
        ("read it with wide=True", "read it with --wide"),
        ("give warm_up= too", "give warm_up= too"),
    ],
)
def test_remedies_are_options_on_the_command_line(message: str, shown: str) -> None:
    assert as_options(message) == shown


def test_a_table_with_other_names_is_told_the_option() -> None:
    Path("own.csv").write_text("date,product,qty\n2024-01-01,tea,3\n")
    refused = re.sub(r"[\s│]+", " ", leaderboard("--data", "own.csv").output)
    assert "--columns series=...,date=..." in refused
    assert "columns={" not in refused


def test_the_leaderboard_takes_every_remedy() -> None:
    refused = leaderboard("--data", "messy.csv")
    assert refused.exit_code == 2
    assert "separated by ';'" in refused.output
    refused = leaderboard("--data", "messy.csv", *MESSY)
    assert refused.exit_code == 2
    for remedy in ("--missing zero", "--returns zero", "--duplicates sum"):
        assert remedy in re.sub(r"[\s│]+", " ", refused.output)
    done = leaderboard("--data", "messy.csv", *MENDED, "--first", "2024-03-01", "--horizon", "7")
    assert done.exit_code == 0, done.output
    frame, board = played()
    assert set(frame["origin"]) == {"messy.csv"}
    assert "1 further row of a series and period added up" in board["notes"]
    assert "7 periods" in done.output


def test_training_takes_every_remedy() -> None:
    refused = train("--data", "messy.csv", *MESSY)
    assert refused.exit_code == 1
    assert "kinds of faults" in refused.output
    done = train("--data", "messy.csv", *MENDED, "--train-until", "2024-05-31")
    assert done.exit_code == 0, done.output
    card = json.loads(Path("run/card.json").read_text())
    panel = read_panel(
        "messy.csv",
        separator=";",
        columns={"series": "Product", "date": "Date", "units": "Sold"},
        missing="zero",
        returns="zero",
        duplicates="sum",
    )
    assert card["products"] == "messy.csv"
    assert card["problem"]["horizon"] == 5
    assert card["table"] == {
        "file": "messy.csv",
        "fingerprint": panel.fingerprint,
        "frequency": "daily",
        "first": "2024-01-01",
        "last": "2024-05-31",
        "validation_first": "2024-06-01",
        "validation_last": "2024-06-24",
    }


def test_a_wide_table_joins() -> None:
    wide = sales().pivot(index="date", columns="series", values="units").reset_index()
    wide.to_csv("wide.csv", index=False)
    assert "read it with --wide" in leaderboard("--data", "wide.csv").output
    assert leaderboard("--data", "wide.csv", "--wide").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--missing", "zero"), "--missing describes a demand table: give one with --data FILE"),
        (("--data", "sales.csv", "--missing", "nought"), "unknown missing 'nought'"),
        (("--data", "sales.csv", "--columns", "series"), "--columns must be name=column"),
        (("--data", "sales.csv", "--columns", "series=Item"), "no column 'Item'"),
        (("--data", "sales.csv", "--separator", ";;"), "separator must be one ASCII character"),
        (("--data", "sales.csv", "--first", "1 March"), "first must be a day written as"),
        (("--data", "sales.csv", "--last", "2025-01-01"), "last must be within the table's"),
        (("--data", "sales.csv", "--horizon", "300"), "lower the horizon"),
        (("--data", "nowhere.csv"), "there is no demand table 'nowhere.csv'"),
    ],
)
def test_bad_options_are_one_message(arguments: tuple[str, ...], message: str) -> None:
    result = leaderboard(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--first", "2024-02-01"), "--first describes a demand table: give one with --data FILE"),
        (("--products", "poisson", "--missing", "zero"), "--missing describes a demand table"),
        (("--products", "sales.csv"), "a demand table is given with --data FILE"),
        (("--products", "nowhere.csv"), "got the file 'nowhere.csv'"),
        (("--data", "nowhere.csv", "--missing", "zero"), "there is no demand table 'nowhere"),
        (("--data", "sales.csv", "--products", "poisson"), "either --products NAME or --data"),
        (
            ("--data", "sales.csv", "--train-until", "2024-05-01", "--validate-until=2024-04-01"),
            "which leaves no day for validation: move train_until",
        ),
        (("--validate-until", "2024-04-01"), "--validate-until describes a demand table"),
        (("--data", "sales.csv", "--horizon", "0"), "--horizon"),
    ],
)
def test_bad_options_of_training_are_one_message(arguments: tuple[str, ...], message: str) -> None:
    result = train(*arguments)
    assert result.exit_code != 0
    assert message in result.output
    assert "Traceback" not in result.output


def test_columns_are_written_as_pairs() -> None:
    pairs = named_columns("series=Product, date=Date,units=a=b")
    assert pairs == {"series": "Product", "date": "Date", "units": "a=b"}
    for text in ("", "series", "=Product", "series=", "series=Product,"):
        with pytest.raises(ValueError, match="must be name=column"):
            named_columns(text)


def test_a_training_is_not_resumed_on_another_table_with_the_same_dates() -> None:
    assert train("--data", "sales.csv").exit_code == 0
    sales(seed=1).to_csv("sales.csv", index=False)
    refused = train("--data", "sales.csv", "--resume")
    assert refused.exit_code == 1
    assert "is of a training with products" in refused.output
    # what differs is shown, shortly: the fingerprints of the tables
    assert refused.output.count("fingerprint") == 2
    sales()[::-1].to_csv("sales.csv", index=False)
    assert train("--data", "sales.csv", "--resume").exit_code == 0
    refused = train("--data", "sales.csv", "--resume", "--last", "2024-05-31")
    assert refused.exit_code == 1


def test_a_training_is_not_resumed_with_other_products_to_choose_weights_on(
    tmp_path: Path,
) -> None:
    source = PanelProducts(read_panel(stored(tmp_path, sales())), last="2024-04-30")

    def training(validation: inv_gym.ProductSource) -> DirectBackprop:
        problem = inv_gym.make_problem("InvLostSales-v0", horizon=5)
        task = inv_gym.Task(problem, source, training=source, validation=validation)
        config = TrainingConfig(steps=2, batch=8, check_every=2, validation_products=8)
        return DirectBackprop(task, config=config)

    later = PanelProducts(source.panel, first="2024-05-01")
    checkpoint = training(later).save(tmp_path / "checkpoint.safetensors")
    training(later).resume(checkpoint)
    with pytest.raises(ValueError, match="is of a training with products .* weights chosen on"):
        training(source).resume(checkpoint)


EARLY = ("--train-until", "2024-02-20", "--validate-until", "2024-03-20")
REMARKS = {
    "the training days": (
        ("sales.csv", *EARLY),
        "was trained on this table, from 2024-01-01 to 2024-05-31: on days that are played here",
    ),
    "the validation days": (
        ("sales.csv",),
        "was validated on this table, from 2024-06-01 to 2024-06-24: on days that are played here",
    ),
    "later days": (
        ("sales.csv", "--train-until", "2024-05-31"),
        "was trained on other days of this table, from 2024-01-01 to 2024-05-31",
    ),
    "the same under another name": (("copy.csv", *EARLY), "on days that are played here"),
    "other data of the name": (
        ("other/sales.csv",),
        "was trained on a table of this name with other data, from 2024-01-01 to 2024-05-31",
    ),
    "another table": (("another.csv",), None),
}


@pytest.fixture(scope="module")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training on the first days of the table."""
    place = tmp_path_factory.mktemp("trained")
    sales().to_csv(place / "sales.csv", index=False)
    table = ("--data", str(place / "sales.csv"), "--train-until", "2024-05-31")
    arguments = ["train", *ENV, *TINY, "--out", str(place / "run"), *table]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return place / "run"


@pytest.mark.parametrize("case", REMARKS)
def test_a_leaderboard_says_who_was_trained_on_its_table(
    folder: Path, trained_run: Path, case: str
) -> None:
    (folder / "run").symlink_to(trained_run)
    (folder / "other").mkdir()
    sales()[::-1].to_csv("copy.csv", index=False)
    for name in ("other/sales.csv", "another.csv"):
        sales(seed=2).to_csv(name, index=False)
    table, remark = REMARKS[case]
    policy = ("--policy", "trained_policies:trained")
    result = leaderboard("--data", *table, "--horizon", "5", *policy)
    assert result.exit_code == 0, result.output
    frame, board = played()
    row = frame[frame["policy"] == policy[1]].iloc[0]
    rows = {row["policy"]: row for row in board["rows"]}
    if remark is None:
        assert not any("this table" in note for note in board["notes"])
        assert not frame["note"].notna().any()
        return
    assert row["note"].endswith(remark)
    assert rows[policy[1]]["note"].endswith(remark)
    assert set(frame["note"].dropna()) == {row["note"]}
    _, synthetic = played("synthetic")
    needed = "weekday_sin, weekday_cos, year_sin, year_cos"
    said = f"{policy[1]}: plays without the covariates {needed} of its training"
    assert said in synthetic["notes"]
    assert policy[1] in {row["policy"] for row in synthetic["rows"]}
    assert any(note.startswith(policy[1]) and note.endswith(remark) for note in board["notes"])
    page = Path("results/leaderboard.html").read_text(encoding="utf-8")
    assert remark in page


def test_a_trained_agent_keeps_its_table_when_it_is_saved(tmp_path: Path) -> None:
    source = PanelProducts(read_panel("sales.csv"), last="2024-04-30")
    problem = inv_gym.make_problem("InvLostSales-v0", horizon=5)
    config = TrainingConfig(steps=2, batch=8, check_every=2, validation_products=8)
    agent = DirectBackprop(problem, source, config).fit()
    assert agent.card == {"table": source.table}
    agent.save(tmp_path / "first")
    again = InventoryAgent.load(tmp_path / "first")
    again.save(tmp_path / "second")
    card = json.loads((tmp_path / "second" / "card.json").read_text())
    assert card["table"] == source.table
    assert "table" not in DirectBackprop(problem, "poisson", config).agent.card


def test_ppo_keeps_its_table(tmp_path: Path) -> None:
    options = ("n_steps=5", "batch_size=40")
    ppo = ("--env", "InvLostSales-v0", "--agent", "ppo", "--steps", "40", "--horizon", "5")
    arguments = ["train", *ppo, "--data", "sales.csv", "--out", "ppo"]
    for option in options:
        arguments += ["--option", option]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    card = json.loads(Path("ppo/card.json").read_text())
    training = PanelProducts(read_panel("sales.csv"), last="2024-04-29").table
    days = {"validation_first": "2024-04-30", "validation_last": "2024-06-08"}
    assert card["table"] == training | days
    done = leaderboard("--data", "sales.csv", "--horizon", "5", "--policy", "ppo")
    assert done.exit_code == 0, done.output
    assert "ppo" in set(played()[0]["policy"])


def test_train_then_leaderboard_is_a_complete_path() -> None:
    assert train("--data", "sales.csv").exit_code == 0
    done = leaderboard("--data", "sales.csv", "--horizon", "5", "--policy", "run")
    assert done.exit_code == 0, done.output
    frame, board = played()
    row = frame[frame["policy"] == "run"].iloc[0]
    assert row["note"] == "was trained on other days of this table, from 2024-01-01 to 2024-04-29"
    assert "episodes lie in 2024-06-09 to 2024-07-18" in board["notes"]


def test_a_folder_without_a_network_is_refused() -> None:
    Path("empty").mkdir()
    refused = leaderboard("--policy", "empty")
    assert refused.exit_code == 2
    assert "--policy" in refused.output
    assert "Traceback" not in refused.output


def test_a_network_of_another_environment_does_not_apply() -> None:
    assert train("--data", "sales.csv").exit_code == 0
    arguments = ["leaderboard", "--quick", "--env", "InvPerishable-v0", "--policy", "run"]
    done = CliRunner().invoke(app, [*arguments, "--products", "3"])
    assert done.exit_code == 0, done.output
    _, board = played("synthetic")
    assert re.search(
        r"run does not apply here \(run.* for LostSales .*Perishable", "\n".join(board["notes"])
    )


def test_a_first_look_follows_a_short_table(tmp_path: Path) -> None:
    sales(days=60).to_csv(tmp_path / "short.csv", index=False)
    result = leaderboard("--data", str(tmp_path / "short.csv"), "--quick")
    assert result.exit_code == 0, result.output
    assert "12 periods in place of 20" in " ".join(result.output.split())
