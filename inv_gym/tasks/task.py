"""A task: a problem and the products it is played with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.products.sources import ProductSource, draw_products
from inv_gym.tasks.naming import make_source, source_name, with_fields
from inv_gym.util.checks import one_of, whole


@dataclass(frozen=True)
class Task:
    """What is played: a problem, where its products come from, and what belongs to both.

    >>> from inv_gym import LostSales
    >>> task = Task(LostSales(lead_time=2), "poisson", name="lead time 2")
    >>> task.draw(3, seed=1).batch
    3

    Attributes:
        problem: The structure and the dynamics.
        source: Where products come from: a source, or what `inv_gym.make_source` understands.
        name: What it is called; the id of a registered environment.
        title: The same in words.
        reference: Name of the policy that gaps are best measured to; None if there is none.
        warm_up: Periods at the start that do not count.
        known: Published or exactly computed figures, by name (costs are positive).
        citation: Where it is published.
        environment: Id of the registered environment of which it is an instance.
        training: Where products to train on come from; `source` if None.
        validation: Where products to choose weights on come from; `source` if None.

    Raises:
        TypeError: The problem is not a `Problem`, or the name or the reference no text.
        ValueError: Products are not understood, or the warm-up is not below the horizon.
    """

    problem: Problem
    source: ProductSource
    name: str = ""
    title: str = ""
    reference: str | None = None
    warm_up: int = 0
    known: Mapping[str, float] = field(default_factory=dict)
    citation: str = ""
    environment: str = ""
    training: ProductSource | None = None
    validation: ProductSource | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.problem, Problem):
            raise TypeError(f"problem must be a Problem, got {self.problem!r}.")
        if not isinstance(self.name, str):
            raise TypeError(f"name must be text, got {self.name!r}.")
        if self.reference is not None and not isinstance(self.reference, str):
            raise TypeError(
                f"reference must be the name of a policy or None, got {self.reference!r}."
            )
        for role in ("source", "training", "validation"):
            given = getattr(self, role)
            if given is not None or role == "source":
                object.__setattr__(self, role, make_source(given))
        check_warm_up(self.warm_up, self.problem)

    def source_for(self, role: str) -> ProductSource:
        """The source of the products of a role: ``training``, ``validation`` or ``test``.

        Raises:
            ValueError: The role is unknown.
        """
        by_role = {"training": self.training, "validation": self.validation, "test": self.source}
        return by_role[one_of("role", role, by_role)] or self.source

    def draw(self, number: int, seed: int = 0, role: str = "test") -> Products:
        """Draw the first `number` products of a seed, as NumPy float64 arrays."""
        return draw_products(self.source_for(role), self.problem, number, seed)

    def changed(
        self,
        problem: Problem | None = None,
        products: Any = None,
        warm_up: int | None = None,
        **fields: Any,
    ) -> Task:
        """The same task with another problem, other products, or other fields of the problem.

        The reference policy and the known figures hold for what they were given with: a change of
        the problem drops the figures, another class of problem the reference too.

        Args:
            problem: Taken as it is, but for `fields`; the task's own if None.
            products: What `inv_gym.make_source` understands; the task's own if None.
            warm_up: Periods at the start that do not count; the task's own if None.
            **fields: Fields of the problem to change.

        Raises:
            TypeError: A field is unknown or of the wrong type.
            ValueError: A field is out of bounds, or the warm-up is not below the new horizon.
        """
        played = with_fields(self.problem if problem is None else problem, fields)
        if warm_up is None:
            warm_up = self.warm_up
            if warm_up >= played.horizon:
                raise ValueError(
                    f"the task's warm-up of {warm_up} periods leaves nothing of the horizon "
                    f"{played.horizon} to count: give warm_up= too (0 counts every period), or a "
                    "longer horizon."
                )
        check_warm_up(warm_up, played)
        if played == self.problem and products is None and warm_up == self.warm_up:
            return self
        source = self.source if products is None else products
        same_class = type(played) is type(self.problem)
        same_structure = same_class and played.structure == self.problem.structure
        return replace(
            self,
            problem=played,
            title=self.title if same_structure else title_of(self.title, played),
            source=source,
            reference=self.reference if same_class else None,
            warm_up=warm_up,
            known={},
            training=self.training if products is None else None,
            validation=self.validation if products is None else None,
        )

    def warm_up_within(self, horizon: int) -> int:
        """Periods at the start that do not count in episodes of a horizon: the task's, or none
        where they would leave none to count.
        """
        return self.warm_up if self.warm_up < horizon else 0

    @property
    def origin(self) -> str:
        """The name of the population that products come from, or the class of their source."""
        return source_name(self.source)

    def env_kwargs(self, name: str) -> dict[str, Any]:
        """Keyword arguments for ``gym.make(task.environment, ...)``."""
        return {"products": name, **self.problem.spec()}


def title_of(title: str, problem: Problem) -> str:
    """The title of a task with the structure of another problem: what stands before the first
    comma, and every field that decides how stock moves.

    >>> from inv_gym import LostSales
    >>> title_of("lost sales, no lead time", LostSales(lead_time=3))
    'lost sales, lead time 3'
    """
    fields = [
        name.replace("_", " ") if value is True else f"{name} {value}".replace("_", " ")
        for name, value in problem.structure.items()
        if value is not False and value is not None
    ]
    return ", ".join([title.partition(",")[0], *fields])


def check_warm_up(warm_up: int, problem: Problem) -> None:
    """Refuse a warm-up that leaves no period to count.

    Raises:
        TypeError: It is not a whole number.
        ValueError: It is below 0, or not below the horizon.
    """
    if whole("warm_up", warm_up, least=0) >= problem.horizon:
        raise ValueError(f"warm_up must be below the horizon {problem.horizon}, got {warm_up}.")


def problem_and_products(
    played: Task | Problem, products: Any = None
) -> tuple[Problem, ProductSource | Products]:
    """The problem that is played and its products: those given, else the task's own.

    Args:
        played: A task, or a problem with `products`.
        products: A batch, or what `inv_gym.make_source` understands.

    Raises:
        TypeError: A problem was given without products, or neither a task nor a problem.
    """
    if not isinstance(played, (Task, Problem)):
        raise TypeError(f"give a Task or a Problem to play, got {played!r}; see inv_gym.task.")
    if products is None:
        if isinstance(played, Problem):
            raise TypeError("a problem needs products: give a batch or a source, or play a Task.")
        products = played.source
    problem = played.problem if isinstance(played, Task) else played
    return problem, products if isinstance(products, Products) else make_source(products)


def training_sources(
    played: Task | Problem, products: Any = None
) -> tuple[Problem, ProductSource, ProductSource]:
    """The problem that is trained for, the source to train on and the one to choose weights on.

    Args:
        played: A task, which has both sources, or a problem with `products`.
        products: What `inv_gym.make_source` understands, for both; those of the task if None.

    Raises:
        TypeError: A problem was given without products, or a batch in place of a source.
    """
    problem, source = problem_and_products(played, products)
    if isinstance(source, Products):
        raise TypeError("training draws products anew: give a source in place of a batch.")
    if isinstance(played, Task) and products is None:
        return problem, played.source_for("training"), played.source_for("validation")
    return problem, source, source
