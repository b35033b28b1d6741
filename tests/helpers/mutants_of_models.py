"""Run mutated model files in processes of their own, since a runtime may crash on one.

``python -m helpers.mutants_of_models FILES`` writes a line for each file: what became of it, and what was said.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from ferspec.errors import SubjectError, UserError

SECONDS = 240
IMAGES = np.linspace(0, 1, 2 * 9 * 7 * 3, dtype=np.float32).reshape(2, 9, 7, 3)


def outcomes(files: list[Path], folder: Path) -> dict[Path, tuple[str, str]]:
    """Return what became of each file: *refused*, *answered*, *failed*, *worker died* or *error*, and the line said."""
    results: dict[Path, tuple[str, str]] = {}
    folder.mkdir()
    while left := [file for file in files if file not in results]:
        with open(os.devnull, "wb") as stderr:
            process = subprocess.run(
                [sys.executable, "-m", "helpers.mutants_of_models", *map(str, left)],
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                timeout=SECONDS,
            )
        lines = [json.loads(line) for line in process.stdout.decode().splitlines()]
        results |= {Path(name): (outcome, said) for name, outcome, said in lines}
        if process.returncode != 0:
            results[left[len(lines)]] = ("worker died", f"exit status {process.returncode}")
    return results


def outcome_of(path: Path) -> tuple[str, str]:
    from ferspec.subjects.models.formats import load_model

    try:
        answers = load_model(path).predict(IMAGES)
    except UserError as error:
        return "refused", str(error)
    except SubjectError as error:
        return "failed", str(error)
    except Exception as error:  # a traceback for the user: the test fails
        return "error", f"{type(error).__name__}: {error}"
    return "answered", f"{answers.shape} {answers.dtype}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(json.dumps([name, *outcome_of(Path(name))]), flush=True)
