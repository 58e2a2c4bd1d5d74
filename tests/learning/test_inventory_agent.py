"""A trained network as a policy: distributions, environments, and files."""

import json
import shutil
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from learning_cases import POISSON, POPULATION, exactly, tiny, untrained

import inv_gym
from inv_gym import (
    DualSourcing,
    LostSales,
    Perishable,
    Problem,
    draw_products,
    make_source,
    rollout,
)
from inv_gym.agents.checkpoints import read_tensors, write_tensors
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.agents.network.sizes import Sizes
from inv_gym.agents.training.direct_backprop import DirectBackprop
from inv_gym.envs.observations import FlatObservations
from inv_gym.play.policy import planned
from inv_gym.testing import LAW_PERIODS, check_policy
from inv_gym.util import arrays

WEIGHTS = "weights.safetensors"


def short(env_id: str, **fields: Any) -> Problem:
    return inv_gym.make_problem(env_id, horizon=LAW_PERIODS, **fields)


@pytest.mark.parametrize("knows", ["history", "distribution"])
@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_an_agent_keeps_the_laws_of_policies(env_id: str, knows: str) -> None:
    problem, source = short(env_id), make_source(inv_gym.ENVIRONMENTS[env_id].source)
    agent = untrained(problem, source, knows)
    assert agent.knows == knows
    check_policy(agent, problem, source)


@pytest.mark.parametrize("knows", ["history", "distribution"])
@pytest.mark.parametrize(
    "problem",
    [
        LostSales(horizon=LAW_PERIODS, lead_time=2, censored=True),
        Perishable(horizon=LAW_PERIODS, lead_time=1, censored=True, long_run=True),
        DualSourcing(horizon=LAW_PERIODS, backlog=False, censored=True, integer_orders=True),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_an_agent_keeps_them_where_it_sees_sales(problem: Problem, knows: str) -> None:
    check_policy(untrained(problem, knows=knows), problem, POPULATION)


@pytest.mark.parametrize("knows", ["history", "distribution"])
@pytest.mark.parametrize(
    "fields", [{}, {"censored": True}, {"long_run": True}], ids=["", "censored", "long run"]
)
def test_an_agent_keeps_them_with_a_calendar(fields: dict, knows: str) -> None:
    problem, source = LostSales(horizon=LAW_PERIODS, lead_time=1, **fields), make_source("seasonal")
    agent = untrained(problem, source, knows)
    check_policy(agent, problem, source)
    products = draw_products(source, problem, 8)
    assert products.covariates is not None
    moved = products._replace(covariates=1.0 - products.covariates)
    assert not np.array_equal(
        rollout(problem, agent, products).orders, rollout(problem, agent, moved).orders
    )


@pytest.mark.parametrize("lead_time", [0, 1, 3])
def test_one_network_keeps_them_for_several_problems(lead_time: int) -> None:
    problems = [LostSales(horizon=LAW_PERIODS, lead_time=n) for n in (0, 1, 3)]
    training = DirectBackprop(problems, POPULATION, tiny())
    problem = LostSales(horizon=LAW_PERIODS, lead_time=lead_time)
    check_policy(InventoryAgent(problem, training.agent.network), problem, POPULATION)


def test_orders_are_whole_where_the_problem_says_so() -> None:
    problem = short("InvDualSourcing-v0", integer_orders=True)
    orders = rollout(problem, untrained(problem), draw_products(POPULATION, problem, 16)).orders
    assert np.array_equal(orders, np.rint(orders))
    assert orders.max() > 1.0


@pytest.mark.parametrize("vector", [False, True], ids=["one product", "several products"])
@pytest.mark.parametrize(
    ("env_id", "fields"),
    [
        *((env_id, {}) for env_id in inv_gym.ENVIRONMENTS),
        ("InvLostSalesLeadTime-v0", {"censored": True, "products": "seasonal"}),
        ("InvPerishable-v0", {"long_run": True, "lead_time": 2, "products": "seasonal"}),
    ],
)
def test_predict_orders_what_the_policy_orders(env_id: str, fields: dict, vector: bool) -> None:
    arguments: dict[str, Any] = {"horizon": LAW_PERIODS, **fields}
    env = gym.make_vec(env_id, num_envs=3, **arguments) if vector else gym.make(env_id, **arguments)
    agent = untrained(env.unwrapped.problem, env.unwrapped.source)
    observation, _ = env.reset(seed=2)
    largest = 0.0
    for _ in range(LAW_PERIODS):
        action = agent.predict(observation)
        wanted = agent(env.unwrapped.observe())
        assert action.dtype == np.float32
        assert action.shape == (env.action_space.shape if not vector else wanted.shape)
        scale = env.unwrapped.products.scale[:, None]
        np.testing.assert_allclose(
            action if vector else action[None], wanted, rtol=1e-4, atol=1e-5 * scale.max()
        )
        largest = max(largest, float(action.max()))
        observation = env.step(action)[0]
    assert largest > 1.0
    assert np.isfinite(agent.predict(observation)).all()  # the last observation, of no period


def test_observations_read_back_as_they_were() -> None:
    env = gym.make_vec(
        "InvPerishable-v0", num_envs=3, lead_time=3, horizon=7, products="seasonal"
    ).unwrapped
    flat = FlatObservations(env.problem, env.source.covariate_names)
    observation, _ = env.reset(seed=1)
    for period in range(7):
        seen, wanted = flat.read(observation), env.observe()
        assert seen.period == wanted.period == period
        assert seen.covariates is not None
        np.testing.assert_allclose(seen.covariates[-1], wanted.covariates[-1], rtol=1e-6)
        np.testing.assert_allclose(seen.history, wanted.history, rtol=1e-6)
        np.testing.assert_allclose(seen.scale, wanted.scale, rtol=1e-6)
        for field in ("economics", "state"):
            got, true = getattr(seen, field), getattr(wanted, field)
            assert type(got) is type(true)
            np.testing.assert_allclose(
                np.stack(arrays.flatten(got)), np.stack(arrays.flatten(true))
            )
        observation = env.step(env.action_space.sample() / 50.0)[0]


def test_an_observation_of_another_length_is_refused() -> None:
    agent = untrained(LostSales(lead_time=2))
    with pytest.raises(ValueError, match=exactly("an observation has 41 entries here, got 40.")):
        agent.predict(np.zeros(40))


def test_an_agent_that_knows_the_law_must_plan_first() -> None:
    problem = LostSales(horizon=4)
    agent, env = untrained(problem, knows="distribution"), gym.make("InvLostSales-v0", horizon=4)
    observation, _ = env.reset(seed=0)
    for ask in (lambda: agent(env.unwrapped.observe()), lambda: agent.predict(observation)):
        message = "this agent knows the distribution: call plan(problem, products) first."
        with pytest.raises(RuntimeError, match=exactly(message)):
            ask()
    policy = planned(agent, problem, env.unwrapped.products)
    assert policy(env.unwrapped.observe()).shape == (1, 1)


def test_an_agent_that_knows_the_law_refuses_products_without_one() -> None:
    problem = LostSales(horizon=4)
    products = draw_products(POPULATION, problem, 4)._replace(distribution=None)
    with pytest.raises(
        ValueError,
        match="these products have no known demand distribution: use a network that knows the hist",
    ):
        rollout(problem, untrained(problem, knows="distribution"), products)


def test_a_network_without_covariates_ignores_those_of_the_products() -> None:
    problem, agent = LostSales(horizon=4), untrained(LostSales(horizon=4))
    products = draw_products(make_source("seasonal"), problem, 4)
    assert products.covariates is not None
    wanted = rollout(problem, agent, products._replace(covariates=None)).orders
    assert np.array_equal(rollout(problem, agent, products).orders, wanted)


@pytest.mark.parametrize(
    "other", [LostSales(lead_time=4), DualSourcing(), inv_gym.ProcurementRemoval()]
)
def test_a_network_for_another_problem_is_refused(other: Problem) -> None:
    network = PolicyNetwork(Sizes.of((LostSales(lead_time=3),)))
    with pytest.raises(
        ValueError, match=f"the network is for .* {type(other).__name__} needs .*: train one for it"
    ):
        InventoryAgent(other, network)


def test_numpy_orders_carry_no_gradient_and_torch_orders_do() -> None:
    problem = LostSales(horizon=4)
    agent = untrained(problem)
    agent.network.requires_grad_(True)
    products = draw_products(POPULATION, problem, 4)
    assert isinstance(rollout(problem, agent, products).orders, np.ndarray)
    reward = rollout(
        problem, agent, products.to(torch.empty(0, dtype=torch.float64))
    ).discounted_reward
    reward.sum().backward()
    assert agent.network.head.state.weight.grad.abs().sum() > 0.0


# Files


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_a_loaded_agent_orders_what_the_saved_one_orders(env_id: str, tmp_path: Path) -> None:
    problem = short(env_id, integer_orders=env_id == "InvPerishable-v0")
    saved = untrained(problem, make_source("seasonal"))
    card = saved.save(tmp_path / "new" / "folder", {"metrics": {"gap_percent": 1.5}})
    assert sorted(path.name for path in card.parent.iterdir()) == ["card.json", WEIGHTS]
    products = draw_products(make_source("seasonal"), problem, 16, seed=4)
    wanted = rollout(problem, saved, products).orders
    for path in (card.parent, card.parent / WEIGHTS):
        loaded = InventoryAgent.load(path)
        assert loaded.problem == problem
        assert loaded.network.sizes == saved.network.sizes
        assert np.array_equal(rollout(problem, loaded, products).orders, wanted)
    assert not any(p.requires_grad for p in loaded.network.parameters())


def test_an_agent_that_knows_the_law_is_loaded_as_such(tmp_path: Path) -> None:
    problem = LostSales(horizon=6, lead_time=2)
    saved = untrained(problem, POISSON, "distribution")
    saved.save(tmp_path)
    loaded = InventoryAgent.load(tmp_path)
    assert loaded.knows == "distribution"
    products = draw_products(POISSON, problem, 16)
    assert np.array_equal(
        rollout(problem, loaded, products).orders, rollout(problem, saved, products).orders
    )


def test_the_card_says_what_the_weights_are_for(tmp_path: Path) -> None:
    problem = Perishable(shelf_life=4, lead_time=1, horizon=9)
    path = untrained(problem).save(tmp_path, {"products": "poisson"})
    card = json.loads(path.read_text())
    assert card["problem"] == {"problem": "Perishable", **json.loads(json.dumps(problem.spec()))}
    assert card["structure"] == {
        "lead_time": 1,
        "shelf_life": 4,
        "issuing": "oldest_first",
        "backlog": False,
    }
    assert card["network"] == {
        "knows": "history",
        "channels": 4,
        "hidden": [8, 8],
        "head": "plain",
        "most": None,
        "magnified": [100.0],
        "whole_counts": False,
    }
    assert card["products"] == "poisson"
    _, facts = read_tensors(tmp_path / WEIGHTS)
    assert {name: facts[name] for name in card} == card


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights for lost sales with lead time 2."""
    return (
        untrained(LostSales(horizon=6, lead_time=2)).save(tmp_path_factory.mktemp("weights")).parent
    )


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of them to damage."""
    return Path(shutil.copytree(trained, tmp_path / "copy"))


def test_weights_serve_what_does_not_change_a_good_order(folder: Path) -> None:
    problem = LostSales(lead_time=2, horizon=11, discount=0.9, integer_orders=True, order_cap=9.0)
    assert InventoryAgent.load(folder, problem).problem == problem


@pytest.mark.parametrize(
    ("problem", "wanted"),
    [
        (LostSales(lead_time=3), "LostSales with {'lead_time': 3, 'backlog': False}"),
        (LostSales(lead_time=1), "LostSales with {'lead_time': 1, 'backlog': False}"),
        (
            Perishable(shelf_life=2, lead_time=2),
            "Perishable with {'lead_time': 2, 'shelf_life': 2, 'issuing': 'oldest_first', "
            "'backlog': False}",
        ),
        (
            DualSourcing(backlog=False),
            "DualSourcing with {'regular_lead_time': 2, 'expedited_lead_time': 0, 'backlog': "
            "False}",
        ),
    ],
)
def test_weights_of_another_structure_are_refused(
    folder: Path, problem: Problem, wanted: str
) -> None:
    message = (
        f"{folder / WEIGHTS} holds weights for LostSales with {{'lead_time': 2, 'backlog': "
        f"False}}, asked for "
        f"{wanted}: train one for it."
    )
    with pytest.raises(ValueError, match=exactly(message)):
        InventoryAgent.load(folder, problem)


def test_weights_for_several_lead_times_serve_each_of_them_and_nothing_longer(
    tmp_path: Path,
) -> None:
    problems = [LostSales(horizon=6, lead_time=n) for n in (1, 2, 4)]
    training = DirectBackprop(problems, POPULATION, tiny())
    training.agent.save(tmp_path)
    for problem in problems:
        products = draw_products(POPULATION, problem, 8)
        wanted = rollout(problem, InventoryAgent(problem, training.agent.network), products).orders
        loaded = InventoryAgent.load(tmp_path, problem)
        assert np.array_equal(rollout(problem, loaded, products).orders, wanted)
    assert InventoryAgent.load(tmp_path).problem == problems[0]
    with pytest.raises(ValueError, match="LostSales needs"):
        InventoryAgent.load(tmp_path, LostSales(lead_time=5))
    with pytest.raises(ValueError, match="and any lead_time, asked for Perishable with"):
        InventoryAgent.load(tmp_path, Perishable(lead_time=1))


def test_a_problem_of_ones_own_must_be_given(folder: Path) -> None:
    tensors, facts = read_tensors(folder / WEIGHTS)
    write_tensors(
        folder / WEIGHTS,
        tensors,
        {**facts, "problem": {**facts["problem"], "problem": "MyProblem"}},
    )
    with pytest.raises(
        ValueError, match="is for the problem MyProblem, which inv_gym does not know: give it as"
    ):
        InventoryAgent.load(folder)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / WEIGHTS):
        with pytest.raises(
            FileNotFoundError, match=exactly(f"there is no file {tmp_path / WEIGHTS}.")
        ):
            InventoryAgent.load(path)


@pytest.mark.parametrize("kept", [0, 4, 300, -1])
def test_truncated_weights_are_refused(folder: Path, kept: int) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[:kept])
    with pytest.raises(
        ValueError, match="is truncated or not a file of this project .*: take another copy"
    ):
        InventoryAgent.load(folder)


@pytest.mark.parametrize("position", [-1, -1000])
def test_a_flipped_bit_in_the_tensors_is_found(folder: Path, position: int) -> None:
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[position] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    message = (
        f"{folder / WEIGHTS} was changed after it was written (its digest does not fit): take "
        "another copy."
    )
    with pytest.raises(ValueError, match=exactly(message)):
        InventoryAgent.load(folder)


def test_a_flipped_bit_anywhere_is_found(folder: Path) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    header = int.from_bytes(whole[:8], "little")
    slipped = {}
    for position in (*range(8), *range(8, 8 + header, 11), *range(8 + header, len(whole), 997)):
        content = bytearray(whole)
        content[position] ^= 1
        (folder / WEIGHTS).write_bytes(content)
        try:
            InventoryAgent.load(folder)
        except ValueError:
            continue
        except Exception as error:
            slipped[position] = repr(error)
        else:
            slipped[position] = whole[max(position - 20, 0) : position + 20]
    assert slipped == {}


def test_another_format_is_refused(folder: Path) -> None:
    tensors, facts = read_tensors(folder / WEIGHTS)
    write_tensors(folder / WEIGHTS, tensors, {**facts, "format": 99})
    message = f"{folder / WEIGHTS} has format 99, this version reads 1: train anew."
    with pytest.raises(ValueError, match=exactly(message)):
        InventoryAgent.load(folder)


@pytest.mark.parametrize("change", ["wider", "missing", "more"])
def test_weights_that_do_not_fit_their_card_are_refused_with_both_shapes(
    folder: Path, change: str
) -> None:
    tensors, facts = read_tensors(folder / WEIGHTS)
    name, shape = "head.layers.1.bias", (1,)
    assert tuple(tensors[name].shape) == shape
    if change == "missing":
        del tensors[name]
        found, needed = None, shape
    else:
        name = name if change == "wider" else "head.layers.9.bias"
        tensors[name] = torch.zeros(3)
        found, needed = (3,), shape if change == "wider" else None
    write_tensors(
        folder / WEIGHTS, tensors, {key: value for key, value in facts.items() if key != "digest"}
    )
    message = (
        f"{folder / WEIGHTS} does not fit its card: {name} has shape {found}, the network needs "
        f"{needed}: "
        "take another copy."
    )
    with pytest.raises(ValueError, match=exactly(message)):
        InventoryAgent.load(folder)


def test_a_file_of_another_project_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(3)}, tmp_path / WEIGHTS)
    with pytest.raises(ValueError, match="not a file of this project"):
        InventoryAgent.load(tmp_path)


def test_a_checkpoint_is_not_taken_for_weights(tmp_path: Path) -> None:
    path = DirectBackprop(LostSales(), POPULATION, tiny()).save(tmp_path / "checkpoint.safetensors")
    with pytest.raises(ValueError, match="checkpoint.safetensors"):
        InventoryAgent.load(path)


def test_saving_where_nothing_can_be_written_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        untrained(LostSales()).save(tmp_path / "file")
