"""Rendering, by cookiecutter, in worker processes: a hundred renders import it only twice.

No configuration of the user is read and no network is used, so that the same version with the same
answers is the same service on every machine.
"""

import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

# Of the hook's refusal, which goes on with advice that only helps who runs cookiecutter by hand.
_ADVICE = "\n\ncookiecutter has forgotten"


@dataclass(frozen=True)
class Rendered:
    """A version of the template with a set of answers: the folder, and every public answer."""

    folder: Path
    answers: dict[str, str]


class RenderError(Exception):
    """A version that can't be rendered with these answers; the message says why."""


def pool(workers: int, scratch: Path) -> ProcessPoolExecutor:
    """Start worker processes that leave nothing outside of `scratch`."""
    return ProcessPoolExecutor(workers, get_context("spawn"), _begin, (str(scratch),))


def _begin(scratch: str) -> None:
    tempfile.tempdir = scratch  # where cookiecutter leaves its rendered hooks
    log = os.open(f"{scratch}/log-{os.getpid()}", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor in (1, 2):  # hooks print to the descriptors
        os.dup2(log, descriptor)


def render(template: str, answers: dict[str, str], output: str) -> Rendered:
    """Render the template in folder `template` into a new folder in `output`.

    Raises:
        RenderError: with the hook's own words, if it refuses the answers.
    """
    from cookiecutter.generate import generate_context, generate_files
    from cookiecutter.prompt import prompt_for_config

    os.ftruncate(2, 0)
    try:
        context: dict[str, Any] = generate_context(
            str(Path(template, "cookiecutter.json")), extra_context=answers
        )
        context["cookiecutter"] = prompt_for_config(context, no_input=True)
        folder = generate_files(template, context, output_dir=output)
    # Templates fail in any way that Jinja, JSON and the file system know.
    except Exception as error:
        sys.stderr.flush()
        os.lseek(2, 0, os.SEEK_SET)
        told = os.read(2, 100_000).decode(errors="replace").partition(_ADVICE)[0].strip()
        raise RenderError(told or str(error)) from None
    public = {n: v for n, v in context["cookiecutter"].items() if not n.startswith("_")}
    return Rendered(Path(folder), public)
