"""What is installed elsewhere: the wheel that is built from the source distribution."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import inv_gym

ROOT = Path(__file__).parents[2]
NOT_SOURCE = (
    ".venv",
    ".git",
    "results",
    "runs",
    "build",
    "dist",
    "_build",
    "*.egg-info",
    ".*cache",
)
DATA_FILES = (
    "inv_gym/py.typed",
    "inv_gym/leaderboard/page.css",
    "inv_gym/leaderboard/page.js",
    "inv_gym/agents/sb3/tuned.json",
    "inv_gym/baselines/exact/solution.py",
)


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints, outside the checkout and without its settings."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the source, by way of the source distribution."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    shutil.copytree(ROOT, source, symlinks=True, ignore=shutil.ignore_patterns(*NOT_SOURCE))
    build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"))
    run(*build, str(source), cwd=folder)
    assert len(list((folder / "dist").glob("*.tar.gz"))) == 1
    (path,) = (folder / "dist").glob("*.whl")
    return path


def test_the_wheel_holds_the_package_alone_with_its_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "inv_gym",
        f"inv_gym-{inv_gym.__version__}.dist-info",
    }
    assert set(DATA_FILES) <= set(names)
    trained = {path.name for path in (ROOT / "agents").glob("**/trained/*.safetensors")}
    packed = {Path(name).name for name in names if name.endswith(".safetensors")}
    assert packed == trained


def test_a_fresh_environment_plays_the_leaderboard(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "fresh", with_pip=False)
    python = tmp_path / "fresh" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", str(wheel), cwd=tmp_path)
    # The other packages are those of this environment: a folder that is named in a .pth file does
    # not make this checkout importable, as its own .pth files are not read.
    site = Path(run(python, "-c", "import site; print(site.getsitepackages()[0])", cwd=tmp_path))
    packages = sysconfig.get_path("purelib")
    (Path(str(site).strip()) / "others.pth").write_text(f"{packages}\n")
    where = run(python, "-c", "import inv_gym; print(inv_gym.__file__)", cwd=tmp_path)
    assert where.startswith(str(tmp_path))
    command = (python.parent / "inv-gym", "leaderboard", "--quick")
    shown = run(*command, "--env", "InvPerishable-v0", cwd=tmp_path)
    assert "DirectBackprop" in shown
    assert (tmp_path / "results" / "leaderboard.html").is_file()


def test_every_file_that_names_the_version_names_this_one() -> None:
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None
    assert cited[1] == inv_gym.__version__
    assert f"## [{inv_gym.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
