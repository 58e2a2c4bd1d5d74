"""Layers import only what stands before them, and heavy packages stay where they belong."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = [
    {"util"},
    {"demand"},
    {"problems"},
    {"products"},
    {"tasks"},
    {"play"},
    {"envs", "structure"},
    {"testing"},
    {"leaderboard"},
    {"backtest"},
    {"advice"},
    {"published"},
    {"inventorybench"},
    {"pictures"},
    {"commands"},
]
"""The rooms of inv_gym; each imports only those before it."""
ROOMS = {
    "agents": [
        {"network"},
        {"checkpoints", "weights", "network_inputs", "inventory_agent"},
        {"training", "observation_reader", "forecasting", "unsteady", "model_card"},
    ],
    "baselines": [{"fitting"}, {"rules"}, {"exact", "bayes"}, {"catalogue"}, {"forecast"}],
}
BRINGS_TOGETHER = (
    "leaderboard",
    "backtest",
    "advice",
    "published",
    "inventorybench",
    "pictures",
    "commands",
)
ALLOWED = {
    "torch": {"util", "products", "structure", "testing", "commands"},
    "gymnasium": {"tasks", "envs", "testing"},
    "pandas": {"products", "play", "leaderboard", "backtest", "advice", "inventorybench"},
    "matplotlib": {"envs", "leaderboard", "backtest", "pictures"},
    "pyarrow": {"products"},
    "distributed": {"util"},
    "minari": {"envs"},
}


def modules(package: str) -> list[tuple[str, Path]]:
    """Every file of a package with the layer it belongs to."""
    files = [
        path.relative_to(ROOT / package).with_suffix("") for path in (ROOT / package).rglob("*.py")
    ]
    own = [path for path in sorted(files) if path.parts[0] not in ("agents", "baselines")]
    return [(path.parts[0], (ROOT / package / path).with_suffix(".py")) for path in own]


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def within(package: str, path: Path) -> set[str]:
    """The modules of a package that a file imports."""
    return {name.split(".")[1] for name in imports(path) if name.startswith(f"{package}.")}


@pytest.mark.parametrize(
    ("layer", "path"), modules("inv_gym"), ids=lambda value: getattr(value, "stem", value)
)
def test_a_layer_imports_only_what_stands_before_it(layer: str, path: Path) -> None:
    if layer in ("__init__", "__main__"):
        return
    level = next(k for k, names in enumerate(LAYERS) if layer in names)
    before = set().union(*LAYERS[:level]) | {layer}
    assert within("inv_gym", path) & set().union(*LAYERS) <= before


@pytest.mark.parametrize("package", ROOMS)
def test_the_rooms_of_agents_and_baselines_import_only_what_stands_before_them(
    package: str,
) -> None:
    rooms = ROOMS[package]
    for room, path in modules(package):
        level = next((k for k, names in enumerate(rooms) if room in names), None)
        if level is None:  # catalogue, export and sb3 of the agents may use all rooms
            continue
        after = set().union(*rooms[level + 1 :])
        used = {
            name.split(".")[2] for name in imports(path) if name.startswith(f"inv_gym.{package}.")
        }
        assert not used & after, path


def test_every_module_has_a_layer() -> None:
    assert {layer for layer, _ in modules("inv_gym")} - {"__init__", "__main__"} == set().union(
        *LAYERS
    )


@pytest.mark.parametrize("heavy", ALLOWED)
def test_a_heavy_package_is_imported_only_where_it_belongs(heavy: str) -> None:
    users = {
        layer
        for layer, path in modules("inv_gym")
        if any(n.split(".")[0] == heavy for n in imports(path))
    }
    assert users <= ALLOWED[heavy]


def test_agents_and_baselines_do_not_import_each_other() -> None:
    for package, other in (("agents", "baselines"), ("baselines", "agents")):
        for _, path in modules(package):
            assert not any(name.startswith(f"inv_gym.{other}") for name in imports(path))
    for room, path in modules("inv_gym"):
        if room in BRINGS_TOGETHER:
            # they bring all together
            continue
        outside = ("inv_gym.agents", "inv_gym.baselines")
        assert not any(name.startswith(outside) for name in imports(path))


def test_dynamics_import_no_array_library_but_for_checks_of_costs() -> None:
    for _, path in modules("inv_gym"):
        if path.parent.name == "problems":
            tree = ast.parse(path.read_text())
            transitions = [
                n
                for n in ast.walk(tree)
                if isinstance(n, ast.FunctionDef) and n.name in ("transition", "salvage")
            ]
            names = {n.id for t in transitions for n in ast.walk(t) if isinstance(n, ast.Name)}
            assert not names & {"np", "torch"}


def test_importing_inv_gym_loads_nothing_heavy() -> None:
    code = (
        "import sys, inv_gym, inv_gym.baselines; "
        "print([m for m in ('torch', 'pandas', 'matplotlib', 'stable_baselines3') if m in "
        "sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"
