"""Open a model in a sandboxed process of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ferspec.subjects.models.base import Model
from ferspec.subjects.models.callables.trial import IMPORT_ONLY, Trial
from ferspec.subjects.models.outputs import ASSUMED, Choice
from ferspec.subjects.time_limit import OF_MODELS, require_time_limit


def open_model(
    reference: str | Path,
    trust_code: bool = False,
    seconds: float = OF_MODELS,
    trial: Trial = IMPORT_ONLY,
    choice: Choice = ASSUMED,
    threads: int | None = None,
) -> Model:
    """Open a model in a process of its own, from a path or a ``package.module:callable``.

    The process gets batches and nothing else. It inspects the file and loads it (``formats.load_model``); this process
    only detects the format and computes the digest. The model's process ends with the model. ``seconds`` limits the
    answer to one batch. Printed text is discarded, but its last line explains why a process ended. ``trial`` tells
    which files a callable reads: only these are readable when it is judged, and its digest covers them. ``choice`` is
    what the contract chooses of the model. ``threads`` compute one answer, by default as many as there are.

    Raise ``UserError`` for a file that is missing, damaged, refused or not a model, or needs an extra, and
    for a process that ends.
    """
    # a worker imports this package, and does not pay for what starts one
    from ferspec.subjects.models.detect import require_runnable
    from ferspec.subjects.models.source import source_of
    from ferspec.subjects.models.worker.client import open_in_worker

    require_time_limit(seconds)
    source = replace(source_of(reference, choice), threads=threads)
    if source.located is None:
        require_runnable(Path(reference))
    return open_in_worker(source, trust_code, seconds, trial)
