"""Files that cannot be written say where, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from inv_gym.util.files import check_writable, write_atomically
from inv_gym.util.locks import locked


@pytest.mark.parametrize("place", ["taken", "taken/deeper"])
def test_a_file_where_a_folder_is_needed_is_named(place: str, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    folder = tmp_path / place
    message = rf"^{tmp_path}/taken is a file, and a folder is needed there: remove it, or write"
    with pytest.raises(NotADirectoryError, match=message):
        check_writable([folder / "a.csv"])
    with pytest.raises(NotADirectoryError, match=message):
        write_atomically(folder / "a.csv", "text")
    with pytest.raises(NotADirectoryError, match=message), locked(folder):
        pass
    assert (tmp_path / "taken").read_text() == "mine"
