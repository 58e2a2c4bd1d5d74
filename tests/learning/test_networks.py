"""The policy network: what its parts depend on, and how it begins."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from learning_cases import POPULATION, exactly, untrained
from torch.nn import functional

import inv_gym
from inv_gym import DualSourcing, LostSales, Perishable, ProcurementRemoval, draw_products, rollout
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.network.encoder import Encoder
from inv_gym.agents.network.features import StateLayout, economic_features
from inv_gym.agents.network.plain_head import NetAction, Quantities
from inv_gym.agents.network.policy_network import PolicyNetwork, Standardise
from inv_gym.agents.network.sizes import Sizes
from inv_gym.products.batch import HISTORY
from inv_gym.util.arrays import map_columns


@pytest.mark.parametrize("n", [0, 3, 6])
def test_an_output_of_the_encoder_depends_on_its_32_inputs_and_on_no_other(n: int) -> None:
    torch.manual_seed(1)
    inputs = torch.rand(7 + 31, 2, 3, dtype=torch.float64, requires_grad=True)
    outputs = Encoder(3, 4).double()(inputs)
    assert outputs.shape == (7, 2, 4)
    (slopes,) = torch.autograd.grad(outputs[n, 0].sum(), inputs)
    assert slopes[:, 0].ne(0.0).all(-1).nonzero().flatten().tolist() == list(range(n, n + 32))
    assert slopes[:, 0].ne(0.0).any(-1).sum() == 32
    assert not slopes[:, 1].any()


def test_all_windows_at_once_are_the_windows_one_by_one() -> None:
    torch.manual_seed(2)
    encoder, inputs = Encoder(3, 4).double(), torch.rand(40, 2, 3, dtype=torch.float64)
    alone = torch.cat([encoder(inputs[n : n + 32]) for n in range(9)])
    torch.testing.assert_close(encoder(inputs), alone, rtol=1e-12, atol=1e-14)


def orders_of(network: PolicyNetwork, columns: torch.Tensor) -> torch.Tensor:
    """Orders of a network that sees zeros beside its state."""
    return network(network.head.exogenous.bias.expand(len(columns), -1), columns)


def without_mlp(network: PolicyNetwork) -> PolicyNetwork:
    with torch.no_grad():
        for parameter in network.head.layers[-1].parameters():
            parameter.zero_()
    return network


@pytest.mark.parametrize("lead_time", [0, 1, 4])
def test_the_linear_path_of_an_untrained_network_orders_up_to_its_level(lead_time: int) -> None:
    problem = LostSales(lead_time=lead_time)
    network = without_mlp(PolicyNetwork(Sizes.of((problem,))))
    columns = torch.rand(50, max(lead_time, 1))
    columns[0] = 20.0
    wanted = (lead_time + 1.5 - columns.sum(1, keepdim=True)).clamp(min=0.0)
    torch.testing.assert_close(orders_of(network, columns), wanted)
    assert wanted[0] == 0.0
    assert wanted[1:].min() > 0.0


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_the_rest_of_an_untrained_network_adds_little_to_that(env_id: str) -> None:
    problem = inv_gym.make_problem(env_id)
    for seed in range(3):
        torch.manual_seed(seed)
        network = PolicyNetwork(Sizes.of((problem,)))
        columns = 3.0 * torch.rand(50, network.sizes.layout.columns)
        full = orders_of(network, columns)
        rule = orders_of(without_mlp(network), columns)
        assert 0.0 < (full - rule).abs().max() < 0.25


def test_an_untrained_network_expedites_up_to_one_level_and_orders_the_rest_up_to_another() -> None:
    network = without_mlp(
        PolicyNetwork(Sizes.of((DualSourcing(regular_lead_time=2, expedited_lead_time=0),)))
    )
    regular, expedited = orders_of(
        network, torch.tensor([[0.0, 0.0], [1.0, 1.0], [3.0, 2.0], [-2.0, 0.0]])
    ).unbind(-1)
    assert expedited.tolist() == [1.5, 0.0, 0.0, 3.5]
    assert regular.tolist() == [2.0, 1.5, 0.0, 2.0]


def test_an_untrained_network_keeps_stock_within_an_interval() -> None:
    network = without_mlp(PolicyNetwork(Sizes.of((ProcurementRemoval(),))))
    orders = orders_of(network, torch.tensor([[0.0], [1.0], [1.5], [4.0], [6.4], [10.0]]))
    gap = math.log1p(math.exp(5.0))
    wanted = [[1.5, 0.0], [0.5, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 8.5 - gap]]
    assert torch.allclose(orders, torch.tensor(wanted), atol=1e-6)


def test_a_slower_channel_counts_what_a_faster_one_orders() -> None:
    outputs = torch.tensor([[5.0, 2.0], [1.0, 2.0], [3.0, -1.0], [-1.0, -2.0]])
    assert Quantities((2, 0))(outputs).clamp(min=0.0).tolist() == [
        [3.0, 2.0],
        [0.0, 2.0],
        [3.0, 0.0],
        [0.0, 0.0],
    ]
    swapped = Quantities((0, 2))(outputs.flip(-1)).clamp(min=0.0)
    assert swapped.tolist() == [[2.0, 3.0], [2.0, 0.0], [0.0, 3.0], [0.0, 0.0]]


def test_how_much_a_faster_order_displaces_is_learned() -> None:
    quantities = Quantities((5, 0, 2))
    with torch.no_grad():
        for displaced, value in zip(quantities.displaced, (0.5, 0.25), strict=True):
            displaced.fill_(value)
    orders = quantities(
        torch.tensor([[10.0, 4.0, 6.0]])
    )  # 4 at once, 6 - 0.5 * 4 in two periods, 10 - 0.25 * (4 + 4)
    assert orders.tolist() == [[8.0, 4.0, 4.0]]
    orders.sum().backward()
    assert [p.grad is not None and bool(p.grad) for p in quantities.displaced] == [True, True]


def test_a_net_action_never_buys_and_removes_at_once() -> None:
    action, gap = torch.meshgrid(
        torch.linspace(-9.0, 3.0, 61), torch.linspace(-4.0, 4.0, 9), indexing="ij"
    )
    orders = NetAction()(torch.stack([action, gap], -1).flatten(0, 1)).clamp(min=0.0)
    order, removal = orders.unflatten(0, action.shape).unbind(-1)
    assert not (order * removal).any()
    assert torch.equal(order > 0, action > 0)
    width = functional.softplus(gap)
    assert torch.equal(removal > 0, -action > width)
    assert torch.equal((order == 0) & (removal == 0), (action <= 0) & (-action <= width))


@pytest.mark.parametrize("env_id", inv_gym.ENVIRONMENTS)
def test_orders_of_any_network_are_at_least_0(env_id: str) -> None:
    torch.manual_seed(3)
    network = PolicyNetwork(Sizes.of((inv_gym.make_problem(env_id),)))
    orders = orders_of(network, 10.0 * torch.randn(200, network.sizes.layout.columns))
    assert orders.min() == 0.0
    assert orders.max() > 1.0


@pytest.mark.parametrize(
    "env_id", ["InvLostSalesLeadTime-v0", "InvPerishable-v0", "InvDualSourcing-v0"]
)
def test_without_the_size_of_a_product_orders_grow_with_its_units(env_id: str) -> None:
    problem = replace(inv_gym.make_problem(env_id), horizon=8)
    agent = untrained(problem)
    assert agent.network.encoder is not None
    with torch.no_grad():
        agent.network.encoder.embed.weight[:, 2] = 0.0
        agent.network.static.deviation[2 * len(problem.Economics._fields)] = torch.inf
    products = draw_products(POPULATION, problem, 12, seed=1)
    larger = products._replace(
        demand=8.0 * products.demand,
        scale=8.0 * products.scale,
        initial_state=map_columns(lambda x: 8.0 * x, products.initial_state),
    )
    one, eight = (rollout(problem, agent, p).orders for p in (products, larger))
    np.testing.assert_allclose(eight, 8.0 * one, rtol=1e-9, atol=1e-9)
    assert one.max() > 1.0


def test_the_money_unit_does_not_matter() -> None:
    columns = [torch.tensor([3.0, 0.0]), torch.tensor([0.01, 2.0]), torch.tensor([-1.0, 6.0])]
    magnified = NetworkConfig().magnified
    features = economic_features(columns, magnified)
    torch.testing.assert_close(
        economic_features([100.0 * column for column in columns], magnified), features
    )
    assert features.shape == (2, 6)
    assert features[1, :3].tolist() == [0.0, 0.25, 0.75]


def test_a_generalist_pads_the_pipeline_at_its_end() -> None:
    problems = [LostSales(lead_time=n) for n in range(4)]
    layout = StateLayout.of(problems)
    assert layout == StateLayout(widths=(1, 2), structure=("lead_time",))
    assert layout.columns == 3
    assert [layout.describe(problem) for problem in problems] == [
        [pytest.approx(np.log(1 + n)), n / HISTORY] for n in range(4)
    ]
    assert [layout.holds(LostSales(lead_time=n)) for n in range(6)] == [True] * 4 + [False] * 2
    scale = torch.tensor([2.0, 4.0])
    stacked = {}
    for problem in problems:
        kind = type(problem.initial_state(0.0))
        arriving = tuple(torch.tensor([6.0 + k, 8.0]) for k in range(max(problem.lead_time - 1, 0)))
        stacked[problem.lead_time] = layout.stack(
            kind(torch.tensor([4.0, 4.0]), arriving), scale
        ).tolist()
    assert stacked == {
        0: [[2.0, 0.0, 0.0], [1.0, 0.0, 0.0]],
        1: [[2.0, 0.0, 0.0], [1.0, 0.0, 0.0]],
        2: [[2.0, 3.0, 0.0], [1.0, 2.0, 0.0]],
        3: [[2.0, 3.0, 3.5], [1.0, 2.0, 2.0]],
    }


def test_a_layout_pads_each_part_of_the_state_and_names_what_differs() -> None:
    problems = [
        Perishable(shelf_life=2, lead_time=3, issuing="newest_first"),
        Perishable(shelf_life=4, lead_time=0, issuing="oldest_first"),
    ]
    layout = StateLayout.of(problems)
    assert layout == StateLayout(widths=(3, 2), structure=("lead_time", "shelf_life", "issuing"))
    three, two, four = ([pytest.approx(np.log1p(n)), n / HISTORY] for n in (3, 2, 4))
    assert layout.describe(problems[0]) == [*three, *two, 1.0]
    assert layout.describe(problems[1]) == [0.0, 0.0, *four, 0.0]
    assert [layout.described] * 2 == [len(layout.describe(problem)) for problem in problems]
    state = (
        problems[0]
        .initial_state(torch.tensor([6.0]))
        ._replace(pipeline=(torch.tensor([1.0]), torch.tensor([2.0])))
    )
    assert layout.stack(state, torch.ones(1)).tolist() == [[3.0, 3.0, 0.0, 1.0, 2.0]]
    assert layout.holds(Perishable(shelf_life=3, lead_time=1))
    assert not layout.holds(Perishable(shelf_life=4, lead_time=1))


def test_one_problem_has_no_structure_to_tell() -> None:
    layout = StateLayout.of([LostSales(lead_time=4, horizon=9)])
    assert layout == StateLayout(widths=(1, 3), structure=())
    assert layout.describe(LostSales(lead_time=4)) == []


def test_standardised_features_have_mean_0_and_deviation_1_and_constant_ones_are_0() -> None:
    generator = torch.Generator().manual_seed(4)
    sample = torch.randn(1000, 5, generator=generator) * torch.tensor([3.0, 0.01, 0.0, 0.0, 0.0])
    sample += torch.tensor([100.0, -2.0, 0.0, 0.1, 1e5])
    sample[:, 4] += torch.where(
        torch.arange(1000) % 2 == 0, 0.0078125, 0.0
    )  # an ulp of 1e5 is no change
    standardise = Standardise(5)
    standardise.fit(sample)
    seen = standardise(sample)
    assert seen[:, :2].mean(0).abs().max() < 1e-3
    torch.testing.assert_close(seen[:, :2].std(0, correction=0), torch.ones(2), rtol=1e-4, atol=0.0)
    assert not seen[:, 2].any()
    assert seen[:, 3:].abs().max() < 0.05
    unseen = standardise(sample + torch.tensor([0.0, 0.0, 0.5, 0.0, 0.0]))
    assert unseen[:, 2].unique().tolist() == [0.5]


def test_a_network_without_a_fit_leaves_features_as_they_are() -> None:
    assert Standardise(2)(torch.tensor([[3.0, -1.0]])).tolist() == [[3.0, -1.0]]


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        (
            {"knows": "everything"},
            ValueError,
            "unknown knows 'everything'; known: history, distribution.",
        ),
        ({"channels": 0}, ValueError, "channels must be at least 1, got 0."),
        ({"channels": 2.0}, TypeError, "channels must be a whole number, got 2.0."),
        ({"hidden": ()}, ValueError, "hidden must have at least one layer, got none."),
        ({"hidden": (8, 0)}, ValueError, "hidden must be at least 1, got 0."),
    ],
)
def test_a_bad_network_is_refused(fields: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=exactly(message)):
        NetworkConfig(**fields)
