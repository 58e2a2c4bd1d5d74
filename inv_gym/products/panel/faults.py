"""What is wrong with a table, gathered so that one error can name all of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Faults:
    """Faults by kind: the message of the first one, and how many there are."""

    messages: dict[str, str] = field(default_factory=dict)
    """Without the full stop."""
    remedies: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, message: str, remedy: str = "", number: int = 1) -> None:
        """Take in `number` faults of a kind, `message` telling the first one."""
        self.messages.setdefault(kind, message)
        self.remedies.setdefault(kind, remedy)
        self.numbers[kind] = self.numbers.get(kind, 0) + number

    def __bool__(self) -> bool:
        return bool(self.messages)

    def refuse(self) -> None:
        """Raise if there are any.

        Raises:
            ValueError: There are faults; the message names each kind of them with its first place.
        """
        if self:
            raise self.error

    @property
    def error(self) -> ValueError:
        """An error that tells all of them."""
        texts = [self._text(kind) for kind in self.messages]
        if len(texts) == 1:
            return ValueError(texts[0])
        lines = "".join(f"\n  {number}. {text}" for number, text in enumerate(texts, 1))
        return ValueError(f"the demand table has {len(texts)} kinds of faults:{lines}")

    def _text(self, kind: str) -> str:
        further = self.numbers[kind] - 1
        more = f", and {further:,} more such row{'s' * (further > 1)}" if further else ""
        remedy = f": {self.remedies[kind]}" if self.remedies[kind] else ""
        return f"{self.messages[kind]}{more}{remedy}."
