"""InventoryBench, an outside board: its folders read, played and answered."""

from inv_gym.inventorybench.instances import Instance, read_benchmark
from inv_gym.inventorybench.players import players
from inv_gym.inventorybench.playing import Played, play_instances
from inv_gym.inventorybench.submission import score_table, write_submission

__all__ = [
    "Instance",
    "Played",
    "play_instances",
    "players",
    "read_benchmark",
    "score_table",
    "write_submission",
]
