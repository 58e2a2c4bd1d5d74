"""Fails if a link of the built site leads nowhere: python docs/check_links.py docs/_build/html."""

import re
import sys
from pathlib import Path
from urllib.parse import unquote, urldefrag

LINK = re.compile(r'(?:href|src)="([^"]+)"')
OUTSIDE = re.compile(r"(?:https?|mailto|data):")


def is_broken(page: Path, link: str) -> bool:
    """Whether a link of a page leads to no file, or to no place in it."""
    address, place = urldefrag(link)
    target = page.parent / unquote(address.partition("?")[0]) if address else page
    if not target.exists():
        return True
    has_places = bool(place) and target.suffix == ".html"
    return has_places and f'id="{unquote(place)}"' not in target.read_text(encoding="utf-8")


def broken_links(site: Path) -> list[str]:
    """Every page of the site with a link that leads nowhere."""
    return [
        f"{page.name}: {link}"
        for page in sorted(site.glob("*.html"))
        for link in sorted(set(LINK.findall(page.read_text(encoding="utf-8"))))
        if not OUTSIDE.match(link) and is_broken(page, link)
    ]


if __name__ == "__main__":
    if found := broken_links(Path(sys.argv[1])):
        sys.exit("Links that lead nowhere:\n" + "\n".join(found))
