"""What an exported agent orders, without this package, is what the agent orders."""

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from inv_gym import ENVIRONMENTS, make_problem, make_source
from inv_gym.agents.export import OrdersFromObservations, export, export_onnx
from inv_gym.agents.inventory_agent import InventoryAgent
from inv_gym.agents.network.config import NetworkConfig
from inv_gym.agents.network.policy_network import PolicyNetwork
from inv_gym.agents.network.sizes import Sizes
from inv_gym.envs.vector import InventoryVectorEnv

CHANGES: dict[str, dict[str, Any]] = {
    "InvLostSalesLeadTime-v0": {"long_run": True},
    "InvDualSourcing-v0": {
        "integer_orders": True,
        "regular_lead_time": 4,
        "expedited_lead_time": 1,
    },
}
PRODUCTS = {"InvDualSourcing-v0": "seasonal"}
RICHEST = "InvDualSourcing-v0"


def agent_for(env_id: str, knows: str = "history") -> InventoryAgent:
    """An agent of random weights; its network is for the environment's own lead times and the
    changed ones.
    """
    torch.manual_seed(3)
    problem = make_problem(env_id, **CHANGES.get(env_id, {}))
    names = make_source(PRODUCTS.get(env_id, "default")).covariate_names
    sizes = Sizes.of((problem, make_problem(env_id)), names)
    network = PolicyNetwork(sizes, NetworkConfig(knows=knows)).double().requires_grad_(False)
    for parameter in network.parameters():
        parameter.add_(
            0.1 * torch.randn_like(parameter)
        )  # the path that orders up to looks at everything, too
    return InventoryAgent(problem, network)


def assert_equal_orders(exported: Callable[[np.ndarray], np.ndarray], env_id: str) -> None:
    """Play both side by side, one product and seven."""
    agent = agent_for(env_id)
    seen_orders = []
    for batch in (1, 7):
        env = InventoryVectorEnv(
            batch, problem=agent.problem, products=PRODUCTS.get(env_id, "default")
        )
        seen, _ = env.reset(seed=1)
        for _ in range(8):
            orders, expected = exported(seen), agent.predict(seen)
            assert orders.dtype == np.float32
            assert orders == pytest.approx(expected, rel=1e-4, abs=1e-4)
            assert not agent.problem.integer_orders or np.array_equal(orders, orders.round())
            seen_orders.append(orders)
            seen = env.step(expected)[0]
    assert (np.concatenate(seen_orders) > 0.0).any(0).all()


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_the_program_gives_the_agents_orders(env_id: str, tmp_path: Path) -> None:
    path = export(agent_for(env_id), tmp_path / "made" / "agent.pt2")
    program = torch.export.load(path).module()
    assert_equal_orders(lambda seen: program(torch.from_numpy(seen)).numpy(), env_id)
    assert [file.name for file in path.parent.iterdir()] == ["agent.pt2"]


# torch copies a program by pickle, which asks its own deprecated class for a type check.
@pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec.. is deprecated:FutureWarning")
def test_the_onnx_model_gives_the_agents_orders(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    path = export_onnx(agent_for(RICHEST), tmp_path / "agent.onnx")
    session = runtime.InferenceSession(path)
    (shown,), (ordered,) = session.get_inputs(), session.get_outputs()
    assert (shown.name, shown.shape[0], ordered.name, ordered.shape) == (
        "observation",
        "batch",
        "orders",
        ["batch", 2],
    )
    assert_equal_orders(lambda seen: session.run(None, {"observation": seen})[0], RICHEST)
    assert [file.name for file in path.parent.iterdir()] == ["agent.onnx"]


def test_each_row_is_of_its_own_period() -> None:
    agent = agent_for("InvLostSales-v0")
    first, _ = InventoryVectorEnv(1, problem=agent.problem).reset(seed=1)
    seen = np.repeat(first, agent.problem.horizon + 1, 0)
    seen[:, -1] = 1.0 - np.arange(len(seen)) / agent.problem.horizon
    orders = OrdersFromObservations(agent)(torch.from_numpy(seen)).numpy()
    assert orders == pytest.approx(
        np.stack([agent.predict(row) for row in seen]), rel=1e-4, abs=1e-4
    )
    assert len(np.unique(orders)) > agent.problem.horizon / 2


def test_the_agent_is_as_it_was() -> None:
    agent = agent_for("InvLostSales-v0")
    agent.network.requires_grad_(True)
    before = copy.deepcopy(agent.network.state_dict())
    OrdersFromObservations(agent)
    after = agent.network.state_dict()
    assert all(
        torch.equal(before[name], after[name]) and after[name].dtype == torch.float64
        for name in before
    )
    assert all(parameter.requires_grad for parameter in agent.network.parameters())


@pytest.mark.parametrize(("write", "ending"), [(export, ".pt2"), (export_onnx, ".onnx")])
def test_what_cannot_be_exported_says_why(
    write: Callable[..., Path], ending: str, tmp_path: Path
) -> None:
    if write is export_onnx:
        pytest.importorskip("onnxscript")
    agent = agent_for("InvLostSales-v0", knows="distribution")
    with pytest.raises(
        ValueError, match="knows the distribution, which an observation does not show"
    ):
        write(agent, tmp_path / f"agent{ending}")
    with pytest.raises(ValueError, match=f"path must end in {ending}, got .*agent.bin"):
        write(agent, tmp_path / "agent.bin")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("missing", ["onnx", "onnxscript"])
def test_onnx_without_its_packages_names_the_extra(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("onnx", "onnxscript"):
        monkeypatch.setitem(
            sys.modules, package, None if package == missing else ModuleType(package)
        )
    with pytest.raises(ImportError, match=rf"{missing}.*the extra onnx"):
        export_onnx(agent_for("InvLostSales-v0"), tmp_path / "agent.onnx")
