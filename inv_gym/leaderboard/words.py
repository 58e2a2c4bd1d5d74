"""Words with their numbers."""


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 product``, ``2 products``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
