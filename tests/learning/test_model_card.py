"""Cards of weights in the form of model hubs."""

from pathlib import Path

import pytest

from inv_gym.agents.catalogue import TRAINED_FOLDER
from inv_gym.agents.model_card import model_card

ROW = {"environment": "InvLostSales-v0", "reference": "base-stock", "gap": -0.8657}


@pytest.mark.parametrize("path", sorted(TRAINED_FOLDER.glob("*.safetensors")), ids=lambda p: p.stem)
def test_every_shipped_network_has_a_card(path: Path) -> None:
    card = model_card(path, [ROW])
    begin, head, body = card.split("---\n")
    assert begin == ""
    assert f"- name: {path.stem}" in head
    assert "value: -0.87" in head
    assert "dataset: {name: InvLostSales-v0" in head
    assert path.name in body


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        model_card(tmp_path / "none.safetensors")
