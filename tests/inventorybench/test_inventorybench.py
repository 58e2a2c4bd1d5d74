"""InventoryBench: reading, playing, and answering small made-up folders."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from inv_gym.commands.app import app
from inv_gym.inventorybench import (
    Instance,
    play_instances,
    players,
    read_benchmark,
    score_table,
    write_submission,
)
from inv_gym.inventorybench.arrivals import Outstanding
from inv_gym.inventorybench.instances import BENCH_SETTINGS, RANDOM
from inv_gym.inventorybench.playing import problem_of
from inv_gym.testing import Replay

KNOWN = [4.0, 6.0, 5.0, 5.0, 5.0]
STRONGEST = ("smoothed, projected level", "network for unsteady demand")
DATA = Path(__file__).parents[3] / "shared" / "data" / "inventorybench" / "synthetic.json.gz"


def written(
    root: Path, name: str, demand: list[float], lead_times: list[object], **columns: object
) -> Path:
    """An instance in its folder."""
    folder = root / name
    folder.mkdir(parents=True)
    days = [f"day {k}" for k in range(len(demand))]
    training = pd.DataFrame({"exact_dates_A1": days[:1] * 5, "demand_A1": KNOWN})
    figures = {"demand_A1": demand, "lead_time_A1": lead_times}
    costs = {"profit_A1": 4.0, "holding_cost_A1": 1.0, "description_A1": "a shirt, blue"}
    test = pd.DataFrame({"exact_dates_A1": days} | figures | costs | columns)
    training.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    return folder


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    """Two instances of each setting."""
    root, rng = tmp_path / "benchmark", np.random.default_rng(0)
    for setting, promised in BENCH_SETTINGS.items():
        for number in range(2):
            demand = [float(units) for units in rng.poisson(5.0, 12)]
            lead_times: list[object] = [promised] * 12
            if setting == RANDOM:
                lead_times = [[1, 2, "inf", 3][k % 4] for k in range(12)]
            written(root, f"synthetic_trajectory/{setting}/p{number}", demand, lead_times)
    return root


def by_hand(setting: str, demand: list[float], lead_times: list[float]) -> Instance:
    return Instance("x", setting, 4.0, 1.0, np.array(KNOWN), np.array(demand), np.array(lead_times))


def replayed(instance: Instance, orders: list[float]) -> float:
    policy = Replay(np.array(orders)[:, None, None])
    return play_instances([instance], {instance.setting: policy})[0].reward


def test_instances_are_read_as_they_lie(benchmark: Path) -> None:
    instances = read_benchmark(benchmark)
    assert [i.name for i in instances] == sorted(i.name for i in instances)
    assert {i.setting for i in instances} == set(BENCH_SETTINGS)
    first = instances[0]
    assert first.known.tolist() == KNOWN and (first.profit, first.holding_cost) == (4.0, 1.0)
    assert first.perfect == 4.0 * first.demand.sum()
    random = next(i for i in instances if i.setting == RANDOM)
    assert random.lead_times.tolist() == [1.0, 2.0, np.inf, 3.0] * 3
    assert random.promised_lead_time == 2


def test_without_lead_time_an_order_is_sold_at_once() -> None:
    instance = by_hand("lead_time_0", [5.0, 5.0], [0.0, 0.0])
    # sold 5, left 2, then sold 2 + 1
    assert replayed(instance, [7.0, 1.0]) == 4.0 * (5 + 3) - 1.0 * 2


def test_orders_are_cut_to_whole_numbers() -> None:
    instance = by_hand("lead_time_0", [5.0, 5.0], [0.0, 0.0])
    assert replayed(instance, [5.9, 4.999]) == 4.0 * (5 + 4)


def test_with_lead_time_4_an_order_is_sold_four_periods_later() -> None:
    instance = by_hand("lead_time_4", [5.0] * 6, [4.0] * 6)
    assert replayed(instance, [5.0, 9.0, 0.0, 0.0, 0.0, 0.0]) == 4.0 * (5 + 5) - 1.0 * 4


def test_orders_may_cross_and_get_lost() -> None:
    instance = by_hand(RANDOM, [2.0] * 5, [3.0, 1.0, np.inf, 1.0, 1.0])
    # of period 0: 7 arrive in period 3; of period 1: 2 in period 2; of period 2: never
    assert replayed(instance, [7.0, 2.0, 50.0, 0.0, 0.0]) == 4.0 * (2 + 2 + 2) - 1.0 * (5 + 3)


def test_a_policy_sees_what_comes_in_and_what_is_due_now() -> None:
    class Watching:
        knows = "history"

        def __init__(self) -> None:
            self.seen: list[tuple] = []

        def __call__(self, observation):
            state = observation.state
            self.seen.append((float(state.on_hand[0]), *(float(c[0]) for c in state.pipeline)))
            return np.full((1, 1), 10.0 if observation.period == 0 else 0.0)

    policy = Watching()
    play_instances([by_hand("lead_time_4", [3.0] * 6, [4.0] * 6)], {"lead_time_4": policy})
    assert policy.seen == [
        (0.0, 0.0, 0.0, 0.0),
        (0.0, 0.0, 0.0, 10.0),
        (0.0, 0.0, 10.0, 0.0),
        (0.0, 10.0, 0.0, 0.0),
        (10.0, 0.0, 0.0, 0.0),
        (7.0, 0.0, 0.0, 0.0),
    ]


def test_a_lost_order_is_not_expected() -> None:
    orders = Outstanding(promised=2)
    orders.ordered(0, 10.0, in_transit=10.0)
    orders.ordered(1, 4.0, in_transit=10.0)  # lost
    orders.ordered(2, 3.0, in_transit=13.0)
    assert orders.expected(3, 2).sum() == 13.0
    orders.arrived(3, 10.0)
    assert orders.expected(4, 2).sum() == 3.0 and orders.seen[3] == 2.0


def test_arrivals_are_the_orders_that_add_up_to_them() -> None:
    orders = Outstanding(promised=2)
    for period, units in enumerate((5.0, 7.0, 9.0)):
        orders.ordered(period, units, in_transit=sum((5.0, 7.0, 9.0)[: period + 1]))
    orders.arrived(3, 14.0)
    assert [units for _, units in orders.orders] == [7.0]
    orders.arrived(4, 7.0)
    assert orders.orders == [] and orders.seen == {1: 2.0, 2: 1.0, 3: 3.0}


def test_lead_times_that_were_seen_move_what_is_expected() -> None:
    orders = Outstanding(promised=2)
    for period in range(6):
        orders.ordered(period, 1.0, in_transit=1.0)
        orders.arrived(period + 1, 1.0)
    orders.ordered(7, 10.0, in_transit=10.0)
    assert orders.expected(8, 2)[0] > 7.0
    # one that is older than all that were seen should come now
    assert orders.expected(20, 2).tolist() == [10.0, 0.0]


def test_single_orders_are_told_by_age_and_lead_time() -> None:
    orders = Outstanding(promised=2)
    for period, units in enumerate((5.0, 7.0, 9.0, 0.0)):
        orders.ordered(period, units, in_transit=sum((5.0, 7.0, 9.0)[: period + 1]))
    assert orders.by_age(4).tolist() == [0.0, 9.0, 12.0] and orders.lost == 1.0
    orders.arrived(4, 7.0)
    assert orders.by_age(4).tolist() == [0.0, 9.0, 5.0]
    assert orders.by_lead_time().tolist() == [1.0, 1.0, 2.0]
    orders.ordered(5, 2.0, in_transit=14.0)
    assert orders.lost == 2.0


def test_who_wants_to_see_single_orders_sees_them_where_lead_times_are_drawn() -> None:
    class Seeing:
        knows = "history"

        def __init__(self) -> None:
            self.told: list[list[float]] = []

        def seeing(self, transit):
            self.told.append([float(transit.on_hand[0]), *transit.outstanding[:, 0]])
            return self

        def __call__(self, observation):
            return np.full((1, 1), 10.0 + observation.period)

    policy = Seeing()
    play_instances([by_hand(RANDOM, [3.0] * 4, [3.0, 1.0, np.inf, 1.0])], {RANDOM: policy})
    # the order of period 1 arrives in period 2, that of period 0 in period 3; that of 2 is lost
    assert policy.told == [[0, 0, 0, 0], [0, 10, 0, 0], [0, 11, 10, 0], [8, 0, 0, 10]]
    play_instances([by_hand("lead_time_4", [3.0] * 4, [4.0] * 4)], {"lead_time_4": policy})
    assert len(policy.told) == 4


def test_every_rule_plays_every_setting(benchmark: Path) -> None:
    instances = read_benchmark(benchmark)
    names = players(instances)
    assert {"base-stock", "smoothed, projected level"} <= names.keys()
    complete = {name: by for name, by in names.items() if by.keys() == BENCH_SETTINGS.keys()}
    wanted = {n: complete[n] for n in ("base-stock", "smoothed, projected level", "random orders")}
    table = score_table({n: play_instances(instances, by) for n, by in wanted.items()})
    assert (table["played"] == 6).all() and (table["all"].diff().dropna() <= 0.0).all()
    assert table["policy"].iloc[-1] == "random orders"
    assert ((table["all"] >= 0.0) & (table["all"] < 1.0)).all()


@pytest.mark.parametrize("name", STRONGEST)
def test_an_instance_plays_the_same_alone_and_beside_others(benchmark: Path, name: str) -> None:
    instances = read_benchmark(benchmark)
    policies = players(instances)[name]
    together = play_instances(instances, policies)
    for place, instance in enumerate(instances):
        alone = play_instances([instance], policies)[0]
        assert np.array_equal(alone.orders, together[place].orders)


@pytest.mark.parametrize("name", STRONGEST)
def test_later_demand_changes_no_earlier_order(benchmark: Path, name: str) -> None:
    instances = read_benchmark(benchmark)
    policies = players(instances)[name]
    for instance in instances[::2]:
        changed = Instance(**{**vars(instance), "demand": instance.demand.copy()})
        changed.demand[6:] += 50.0
        orders = [play_instances([i], policies)[0].orders[:7] for i in (instance, changed)]
        assert np.array_equal(*orders)


def test_a_submission_has_the_folders_of_the_benchmark(benchmark: Path, tmp_path: Path) -> None:
    instances = read_benchmark(benchmark)
    played = play_instances(instances, players(instances)["base-stock"])
    paths = write_submission(played, tmp_path / "out", "base-stock")
    assert len(paths) == 7
    for result in played:
        frame = pd.read_csv(tmp_path / "out" / "results" / result.instance.name / "results.csv")
        assert list(frame.columns) == ["period", "order_quantity"]
        assert frame["period"].tolist() == list(range(1, 13))
        assert frame["order_quantity"].dtype.kind == "i"
        assert np.array_equal(frame["order_quantity"], result.orders)


def test_the_command_prints_scores_and_writes_a_submission(benchmark: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["inventorybench", "--data", str(benchmark), "--policy", "base-stock"]
    shown = CliRunner().invoke(app, [*arguments, "--out", str(out)])
    assert shown.exit_code == 0, shown.output
    assert "lead_time_stochastic" in shown.output and (out / "README.md").is_file()
    assert (out / "score_table.csv").is_file()
    wrong = CliRunner().invoke(app, [*arguments[:-1], "guess"])
    assert wrong.exit_code == 2 and "unknown policy 'guess'" in wrong.output


def test_a_folder_without_instances_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder .*: give the benchmark's folder"):
        read_benchmark(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match=r"there is no train.csv with a test.csv below"):
        read_benchmark(tmp_path)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"demand_A1": [1.0, -2.0]}, "demand_A1 .* at least 0, got -2.0 in row 2"),
        ({"demand_A1": [1.0, np.inf]}, "demand_A1 .* at least 0, got inf in row 2"),
        ({"lead_time_A1": [0, "soon"]}, "at least 0 or inf, got soon in row 2"),
        ({"profit_A1": [1.0, 2.0]}, "profit_ID of .* must be the same number in each row"),
        ({"profit_A1": 0.0}, "profit_ID of .* above 0 for a profit"),
        ({"demand_B": 1.0}, "must have one column demand_ID, got"),
    ],
)
def test_bad_cells_are_named(tmp_path: Path, columns: dict, message: str) -> None:
    written(tmp_path, "real_trajectory/lead_time_0/a", [1.0, 2.0], [0, 0], **columns)
    with pytest.raises(ValueError, match=message):
        read_benchmark(tmp_path)


def test_missing_files_and_other_folders_are_named(tmp_path: Path) -> None:
    folder = written(tmp_path, "real_trajectory/lead_time_0/a", [1.0], [0])
    (folder / "train.csv").unlink()
    written(tmp_path, "real_trajectory/lead_time_9/b", [1.0], [9])
    with pytest.raises(ValueError, match=r"2 instances .* lacks train.csv. .*one of the folders"):
        read_benchmark(tmp_path)


def test_a_setting_without_a_policy_is_refused() -> None:
    instance = by_hand("lead_time_0", [5.0], [0.0])
    with pytest.raises(ValueError, match="no policy for lead_time_0"):
        play_instances([instance], {})


@pytest.mark.skipif(not DATA.is_file(), reason="the benchmark's instances are not here")
@pytest.mark.parametrize("name", STRONGEST)
def test_scores_on_the_benchmark_are_those_of_the_page(name: str) -> None:
    facts = json.loads(gzip.decompress(DATA.read_bytes()))
    instances = []
    for one in facts["instances"]:
        promised = one["promised_lead_time"]
        lead_times = [np.inf if x is None else x for x in facts["lead_time_sequence"]]
        fixed = [promised] * len(one["demand"])
        drawn = lead_times if one["setting"] == RANDOM else fixed
        arrays = map(np.array, (one["train"], one["demand"], drawn[: len(one["demand"])]))
        instances.append(
            Instance(one["name"], one["setting"], one["profit"], one["holding"], *arrays)
        )
        assert instances[-1].perfect == pytest.approx(one["perfect"])
    assert {problem_of([i]).lead_time for i in instances} == {0, 2, 4}
    scores = score_table({name: play_instances(instances, players(instances)[name])}).iloc[0]
    columns = ("lead_time_0", "lead_time_4", "lead_time_stochastic", "all")
    figures = " | ".join(f"{scores[column]:.3f}".removeprefix("0") for column in columns)
    assert scores["all"] > 0.6
    page = Path(__file__).parents[2] / "docs" / "inventorybench.md"
    assert f"| {name} | {figures} |" in page.read_text()
