"""Tensors and facts in one safetensors file, written whole or not at all and checked when read.

The facts are JSON in the file's header, with a digest of facts and tensors. Such files hold numbers
only: reading one runs no code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from inv_gym.util.files import write_atomically

FORMAT = 1
"""Version of the files' content; a reader refuses any other."""
FIGURES: dict[str, Callable[[Tensor], Any]] = {
    "shape": lambda tensor: tuple(tensor.shape),
    "dtype": lambda tensor: tensor.dtype,
}
"""What must agree of two tensors before the numbers of one can stand in the other."""


def write_tensors(
    path: str | Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]
) -> Path:
    """Write tensors and facts (plain data) to one file.

    Raises:
        ValueError: A tensor holds a number that is not finite; a file that was there is as it was.
        OSError: The place cannot be written; a file that was there is as it was.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    _refuse_not_finite(path, tensors)
    text = json.dumps({"format": FORMAT, **facts})
    return write_atomically(path, save(tensors, {"facts": text, "digest": _digest(tensors, text)}))


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and facts of a file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is truncated, tampered with, of another format, or holds a number that is not
            finite.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}.")
    with blaming(path, "is truncated or not a file of this project"):
        tensors, text, digest = _parts(path)
        facts = json.loads(text)
        version = facts["format"]
        written = _digest(tensors, text)
    if digest != written:
        raise ValueError(
            f"{path} was changed after it was written (its digest does not fit): take another copy."
        )
    if version != FORMAT:
        raise ValueError(f"{path} has format {version}, this version reads {FORMAT}: train anew.")
    with blaming(path, "holds numbers of an unknown kind"):
        _refuse_not_finite(path, tensors)
    return tensors, facts


@contextmanager
def blaming(path: str | Path, fault: str) -> Iterator[None]:
    """Make whatever a file's content brings about an error that names the file.

    What stands in a file may be anything, so any error may come of it.

    Raises:
        ValueError: Something went wrong; it names the file, the fault and the cause.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        cause = str(error).rstrip(".") or type(error).__name__
        if isinstance(error, ValueError) and cause.startswith(str(path)):
            raise
        raise ValueError(f"{path} {fault} ({cause}): take another copy.") from None


def refuse_other_tensors(
    path: str | Path, tensors: Mapping[str, Tensor], needed: Mapping[str, Tensor], fault: str
) -> None:
    """Refuse tensors whose names, shapes or dtypes are not those of the needed ones.

    Raises:
        ValueError: It names the first that differs, with what was found and what is needed.
    """
    for figure, of in FIGURES.items():
        found = {name: of(tensor) for name, tensor in tensors.items()}
        wanted = {name: of(tensor) for name, tensor in needed.items()}
        for name in sorted(found.keys() | wanted.keys()):
            if found.get(name) != wanted.get(name):
                raise ValueError(
                    f"{path} {fault}: {name} has {figure} {found.get(name)}, the network needs "
                    f"{wanted.get(name)}: take another copy."
                )


def _parts(path: Path) -> tuple[dict[str, Tensor], str, str]:
    """The tensors of a file, the text of its facts and its digest."""
    with safe_open(path, "pt") as file:
        header = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        return tensors, header["facts"], header["digest"]


def _refuse_not_finite(path: str | Path, tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(
                f"{path} holds numbers that are not finite in {name}: take another copy, or train "
                "anew with a lower learning rate."
            )


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    """Of names, shapes, dtypes and bytes; float32, the dtype of all weights, goes unsaid, as in the
    files that come with the package.
    """
    sha = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        sha.update(name.encode())
        sha.update(str(tuple(tensor.shape)).encode())
        if tensor.dtype != torch.float32:
            sha.update(str(tensor.dtype).encode())
        sha.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()
