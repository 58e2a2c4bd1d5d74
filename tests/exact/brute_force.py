"""A dynamic program in plain loops that shares nothing with the code under test: every state, order
and demand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

State = tuple[int, ...]
Order = tuple[int, ...]
Play = Callable[[State, Order, int], tuple[State, float]]


class BruteForce:
    """Values of states under the best of all orders that keep within the states.

    Args:
        states: All of them.
        orders: All that are tried, in the order in which ties are broken.
        play: Next state and reward.
        chances: Probabilities of demand 0, 1, 2, ..., of each period; the last holds on.
        discount: Per period.
        fits: Whether an order is tried in a state.
    """

    def __init__(
        self,
        states: Sequence[State],
        orders: Sequence[Order],
        play: Play,
        chances: Sequence[Sequence[float]],
        discount: float,
        fits: Callable[[State, Order], bool],
    ) -> None:
        self.discount, self.chances = discount, chances
        self.moves: dict[State, dict[Order, list[tuple[State, float]]]] = {
            state: {
                order: [play(state, order, demand) for demand in range(len(chances[0]))]
                for order in orders
                if fits(state, order)
            }
            for state in states
        }

    def worth(self, ahead: dict[State, float], period: int = -1) -> dict[State, dict[Order, float]]:
        """What each order brings in each state."""
        chances = self.chances[period] if period < len(self.chances) else self.chances[-1]
        return {
            state: {
                order: sum(
                    chance * (reward + self.discount * ahead[after])
                    for chance, (after, reward) in zip(chances, outcomes, strict=True)
                )
                for order, outcomes in moves.items()
            }
            for state, moves in self.moves.items()
        }

    def finite(
        self, horizon: int, salvage: Callable[[State], float]
    ) -> list[tuple[dict[State, float], dict[State, dict[Order, float]]]]:
        """Values, and what each order brings, of each period."""
        ahead = {state: salvage(state) for state in self.moves}
        found = []
        for period in reversed(range(horizon)):
            worth = self.worth(ahead, period)
            ahead = {state: max(by_order.values()) for state, by_order in worth.items()}
            found.insert(0, (ahead, worth))
        return found

    def endless(
        self, start: State
    ) -> tuple[dict[State, float], dict[State, dict[Order, float]], float]:
        """Values, what each order brings, and the gain; relative to the start where there is no
        discount.
        """
        ahead = dict.fromkeys(self.moves, 0.0)
        for _ in range(20_000):
            worth = self.worth(ahead)
            now = {state: max(by_order.values()) for state, by_order in worth.items()}
            changes = [now[state] - ahead[state] for state in now]
            if self.discount < 1.0:
                if max(map(abs, changes)) < 1e-11:
                    return now, worth, 0.0
            elif max(changes) - min(changes) < 1e-11:
                return (
                    {s: v - now[start] for s, v in now.items()},
                    worth,
                    (max(changes) + min(changes)) / 2.0,
                )
            base = 0.0 if self.discount < 1.0 else now[start]
            ahead = {state: value - base for state, value in now.items()}
        raise AssertionError("brute force did not converge")
