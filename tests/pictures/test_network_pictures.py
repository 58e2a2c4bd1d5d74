"""The pictures of structure show what networks order and break, and say which network
is missing.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("matplotlib")
import inv_gym
from inv_gym.agents.checkpoints import read_tensors, write_tensors
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.training.config import STRUCTURE_KINDS, TrainingConfig
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.pictures import network_figures, networks
from inv_gym.pictures.standard import draw_standard
from inv_gym.products.batch import HISTORY
from inv_gym.structure import violations
from inv_gym.util.arrays import unflatten

LEAD_TIME, DUAL, REMOVAL = (
    "InvLostSalesLeadTime-v0",
    "InvDualSourcing-v0",
    "InvProcurementRemoval-v0",
)
LABELS = ["plain", "penalised", "constructed"]


@pytest.fixture(scope="module", autouse=True)
def small_pictures() -> Iterator[None]:
    """Two products on coarse grids, with one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "TEST_PRODUCTS", 200)
        patch.setattr(networks, "SHOWN_RATIOS", (0.05, 0.95))
        patch.setattr(network_figures, "PICTURE_POINTS", {1: 41, 2: 7})
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def shown(small_pictures: None, weights: Path) -> dict[str, list[network_figures.ProductRow]]:
    """The rows of each environment's pictures."""
    return {
        env: networks.rows(env, networks.networks(env, weights))
        for env in (LEAD_TIME, DUAL, REMOVAL)
    }


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an untrained network of each kind for some environments."""
    folder = tmp_path_factory.mktemp("weights")
    tiny = TrainingConfig(
        steps=1, batch=16, validation_products=16, network=NetworkConfig("history", 4, (8, 8))
    )
    for env in (LEAD_TIME, DUAL, REMOVAL):
        source = inv_gym.make_source(inv_gym.ENVIRONMENTS[env].source)
        for kind, name in STRUCTURE_KINDS.items():
            training = DirectBackprop(inv_gym.make_problem(env), source, tiny.of_kind(kind))
            with torch.no_grad():
                for parameter in training.network.head.layers[-1].parameters():
                    parameter.mul_(3.0)  # the MLP counts beside what the network begins with
            training.agent.save(folder / "one", {"name": name})
            shutil.move(folder / "one/weights.safetensors", folder / f"{env}.{kind}.safetensors")
    return folder


def asked(
    agent: InventoryAgent, product: inv_gym.Products, state: np.ndarray, period: int
) -> np.ndarray:
    """What an agent orders for one product in a state, both in periods of mean demand."""
    columns = unflatten(list(state[:, None] * product.scale), product.initial_state)
    history = product.demand[period : period + HISTORY]
    seen = inv_gym.Observation(columns, history, product.economics, product.scale, None, period)
    return agent(seen)[0] / product.scale


@pytest.mark.parametrize("env", [LEAD_TIME, DUAL])
def test_the_grid_shows_what_an_agent_orders_and_breaks_when_asked_directly(
    weights: Path, shown: dict[str, list[Any]], env: str
) -> None:
    problem, agents, view = (
        inv_gym.make_problem(env),
        networks.networks(env, weights),
        networks.ENVIRONMENT_VIEWS[env],
    )
    products = networks.chosen(problem, inv_gym.make_source("default"))
    plain = networks.visited(problem, agents["plain"], products)
    for number, row in enumerate(shown[env]):
        assert list(row.looks) == LABELS
        product = products.rows(slice(number, number + 1))
        for label, (i, j) in zip(LABELS, [(0, 0), (2, 5), (6, 1)], strict=True):
            state = plain[:, number].mean(0)
            across, up = view.axes
            state[across.column] = np.linspace(across.low, across.high, 7)[j]
            state[up.column] = np.linspace(up.low, up.high, 7)[i]
            look = row.looks[label]
            wanted = asked(agents[label], product, state, networks.SHOWN_PERIOD)
            np.testing.assert_allclose(look.orders[i, j].clip(0.0), wanted, atol=1e-9)
            broken = violations(
                problem, agents[label], product, state[None] * product.scale, networks.SHOWN_PERIOD
            )
            assert look.excess[i, j] == pytest.approx(broken.largest, abs=1e-9)
        assert all(look.excess.shape == (7, 7) for look in row.looks.values())
        assert row.looks["constructed"].share == 0.0
    assert any(row.looks["plain"].share > 0.0 for row in shown[env])


def test_products_differ_in_law_and_critical_ratio() -> None:
    problem = inv_gym.make_problem(LEAD_TIME)
    products = networks.chosen(problem, inv_gym.make_source("default"))
    (distribution, _, ratio), (other, _, higher) = (
        networks.facts(problem, products.rows(slice(k, k + 1))) for k in range(2)
    )
    assert distribution != other
    assert ratio < higher


def test_a_contour_has_one_level_for_all_networks_of_a_product(shown: dict[str, list[Any]]) -> None:
    figure = network_figures.order_contours(
        networks.ENVIRONMENT_VIEWS[LEAD_TIME], ("order",), shown[LEAD_TIME], "A caption."
    )
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == 2 * LABELS
    for first in (0, 3):
        levels = [axes.collections[0].levels.tolist() for axes in panels[first : first + 3]]
        assert levels[0] == levels[1] == levels[2]


def test_a_map_has_one_colour_scale_and_the_share_in_each_title(
    shown: dict[str, list[Any]],
) -> None:
    figure = network_figures.violation_maps(
        networks.ENVIRONMENT_VIEWS[DUAL], shown[DUAL], "A caption."
    )
    panels = [axes for axes in figure.axes if axes.images]
    looks = [(label, look) for row in shown[DUAL] for label, look in row.looks.items()]
    for axes, (label, look) in zip(panels, looks, strict=True):
        (image,) = axes.images
        np.testing.assert_array_equal(image.get_array(), look.excess)
        assert axes.get_title() == f"{label}: broken in {100.0 * look.share:.1f} %"
        assert image.norm is panels[0].images[0].norm


def test_curves_show_each_network_and_the_optimal_policy_which_acts_beyond_its_thresholds(
    shown: dict[str, list[Any]],
) -> None:
    stock = np.linspace(0.0, 20.0, 41)
    figure = network_figures.order_curves(
        networks.ENVIRONMENT_VIEWS[REMOVAL], ("order", "removal"), shown[REMOVAL], "A caption."
    )
    for axes, row in zip(figure.axes, shown[REMOVAL], strict=False):
        drawn = {line.get_label(): line for line in axes.lines}
        for label, look in row.looks.items():
            np.testing.assert_array_equal(drawn[label].get_ydata(), look.orders[:, 0].clip(0.0))
        lower, upper = row.optimum.thresholds
        assert drawn["threshold of the optimal policy"].get_xdata() == [lower, lower]
        np.testing.assert_allclose(
            row.optimum.orders[:, 0], np.maximum(lower - stock, 0.0), atol=1e-9
        )
        np.testing.assert_allclose(
            row.optimum.orders[:, 1], np.maximum(stock - upper, 0.0), atol=1e-9
        )


def test_both_pictures_of_an_environment_are_written_whole(weights: Path, tmp_path: Path) -> None:
    draw_standard(tmp_path / "new" / "any.png", LEAD_TIME, weights)
    written = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert written.keys() == {
        "structure-lost-sales-lead-time.png",
        "violations-lost-sales-lead-time.png",
    }
    assert all(picture.startswith(b"\x89PNG") for picture in written.values())


def test_a_network_without_a_name_is_known_by_its_file(weights: Path, tmp_path: Path) -> None:
    for kind in STRUCTURE_KINDS:
        tensors, card = read_tensors(weights / f"{DUAL}.{kind}.safetensors")
        del card["name"]
        write_tensors(tmp_path / f"{DUAL}.{kind}.safetensors", tensors, card)
    found = networks.networks(DUAL, tmp_path)
    assert [agent.network.config.head for agent in found.values()] == [
        "plain",
        "plain",
        "constructed",
    ]
    assert list(found) == LABELS


def test_a_missing_network_is_named_with_the_remedy(weights: Path, tmp_path: Path) -> None:
    shutil.copy(weights / f"{DUAL}.penalised.safetensors", tmp_path)
    message = (
        f"{tmp_path} holds no plain and no constructed network for {DUAL}: run `make weights`, or "
        "give the folder that has them with --weights DIR."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        draw_standard(tmp_path / "new" / "any.png", DUAL, tmp_path)
    assert not (tmp_path / "new").exists()


def test_chains_are_written_with_the_names_of_the_state() -> None:
    written = networks.chains(inv_gym.make_problem("InvPerishable-v0")).replace("\u00a0", " ")
    assert written == "−1 ≤ ∂(order)/∂stock_2 ≤ ∂(order)/∂stock_1 ≤ 0"
