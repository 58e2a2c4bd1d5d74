"""`python examples/experiments NAME`: see `runner.py`."""

import sys
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])  # the folder that holds this package
    import_module("experiments.runner").app()()
