"""Sets with one fault each that an inspection must find, and unusual sets that are right (FER-I and FER-D)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np
from PIL import Image

from ferspec.checks.generator import checks_for_dataset
from ferspec.checks.implementation.datasets.files import EXAMPLES
from ferspec.outcomes import CheckResult
from ferspec.spec.pictures import Pictures
from ferspec.subjects.datasets.inspection.facts import FileFacts
from ferspec.subjects.datasets.inspection.reading import InspectedSet, read_set
from ferspec.subjects.datasets.inspection.subject import Inspection
from helpers.made.pictures import made_set
from helpers.made.sets import compressed, exif, held, in_folders, inspected, mirrored, picture, pictures, rotated, saved
from mutants.kinds import Mutant, Right
from mutants.scratch import fresh

Make = Callable[[], Inspection]
BTFER = (300,) * 7
PLAIN = FileFacts(
    format="PNG", mode="RGB", frames=1, orientation=None, exif=(), gps=False, xmp=False, iptc=False, texts=()
)
# examples of entries of which another example shows the kind
SEVERAL = ("a JPEG with all four", "a PNG with an international text", "a PNG with a compressed text")
LEAKS = {"FER-D-11": "BTFER", "FER-I-06": None}


def judged(clause: str, make: Make) -> Callable[[], tuple[CheckResult, ...]]:
    return lambda: tuple(check.run(make()) for check in checks_for_dataset() if check.clause == clause)


def wrong(clause: str, name: str, make: Make) -> Mutant:
    return Mutant(clause, f"a set: {name}", judged(clause, cache(make)))


def right(clause: str, name: str, make: Make) -> Right:
    return Right(clause, f"a set: {name}", judged(clause, cache(make)))


def counted(counts: tuple[int, ...], dataset: str = "BTFER") -> Make:
    """A set with these numbers of images of each class; its pictures are not compared."""

    def make() -> Inspection:
        labels = np.repeat(np.arange(7), counts)
        return Inspection(held([np.full((2, 2, 3), 9, np.uint8)] * len(labels), labels.tolist()), dataset=dataset)

    return make


def sized(
    dataset: str, size: tuple[int, int], grey: bool, odd: np.ndarray | None = None, mode: str = "", stored: str = ""
) -> Make:
    """A set of pictures of one size; an ``odd`` one is added, or the first file has another mode."""

    def make() -> Inspection:
        shown = [picture(number, max(size))[: size[0], : size[1]] for number in range(7)]
        shown = [image[..., :1].repeat(3, axis=2) if grey else image for image in shown]
        images = held([*shown, *([] if odd is None else [odd])])
        own = PLAIN.model_copy(update={"mode": stored or ("L" if grey else "RGB")})
        first = own.model_copy(update={"mode": mode or own.mode})
        return Inspection(replace(images, facts=(first, *(own,) * (len(images) - 1))), dataset=dataset)

    return make


def of_files(files: Mapping[str, Callable[[], bytes]]) -> Make:
    """A set of class folders with these files; its pictures are not compared."""
    return lambda: Inspection(
        read_set(in_folders(fresh("inspected"), {name: write() for name, write in files.items()}))
    )


def file(content: Callable[[], bytes], name: str = "Happy/0042.img") -> Make:
    return of_files({name: content})


def truncated() -> bytes:
    return saved("JPEG", picture(3))[:900]


def too_large() -> bytes:
    """Return the head of a PNG file that announces 20 billion pixels."""
    content = bytearray(saved("PNG", picture(3)))
    content[16:24] = (200_000).to_bytes(4, "big") + (100_000).to_bytes(4, "big")
    return bytes(content)


def in_two_modes(*frames: int) -> list[Image.Image]:
    return [Image.fromarray(picture(number, 16)) for number in frames]


def animated(form: str) -> Callable[[], bytes]:
    first, *others = in_two_modes(1, 2, 3)
    return lambda: saved(form, first, save_all=True, append_images=others)


def converted(mode: str, form: str = "PNG", **entries: object) -> Callable[[], bytes]:
    return lambda: saved(form, Image.fromarray(picture(5, 16)).convert(mode), **entries)


def deep() -> bytes:
    return saved("PNG", Image.fromarray(picture(5, 16)[..., 0].astype(np.uint16) * 257))


# ---- pictures that occur twice


def twice(image: np.ndarray, label: int = 0, split: str = "", dataset: str | None = None) -> Make:
    """Pictures, and one more image of the last split and of a label."""

    def make() -> Inspection:
        shown = pictures()
        labels = [place % 7 for place in range(len(shown))]
        splits = ["train" if split else ""] * len(shown)
        return inspected(held([*shown, image], [*labels, label], [*splits, split]), dataset=dataset)

    return make


def shared(image: np.ndarray, dataset: str | None = None) -> Make:
    """Pictures, and another set that holds one more image."""

    def make() -> Inspection:
        other = held([*pictures(6, first=100), image], name="training")
        return inspected(held(pictures()), other, dataset=dataset)

    return make


def known(pictures: Pictures | None = None) -> Make:
    """A set in the form of BTFER, whose pictures are all known, or those of another list."""

    def make() -> Inspection:
        images = made_set() if pictures is None else replace(made_set(), pictures=pictures)
        blank = np.zeros(len(images), bool)
        nothing = held([picture(0)])
        found = replace(nothing, images=images, splits=("",) * len(images), facts=(None,) * len(images), gray=blank)
        return Inspection(found, dataset="BTFER")

    return make


# ---- groups


def grouped(shares: Callable[[np.random.Generator, np.ndarray], np.ndarray]) -> Make:
    """A set of 2,100 images whose column *age* has values drawn by class."""

    def make() -> Inspection:
        labels = np.arange(2100) % 7
        values = np.array(["young", "old"])[shares(np.random.default_rng(1), labels).astype(int)]
        images = [np.zeros((2, 2, 3), np.uint8)] * len(labels)
        return Inspection(held(images, labels.tolist(), groups={"age": values.tolist()}))

    return make


def by_class(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    return rng.random(len(labels)) < np.where(labels == 3, 0.9, 0.4)


def alike(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    return rng.random(len(labels)) < 0.2


def plain() -> InspectedSet:
    return held(pictures())


@cache
def clean(dataset: str | None = None) -> Inspection:
    """Return a set without a fault, beside another one."""
    return inspected(plain(), held(pictures(6, first=100), name="training"), dataset=dataset)


UNMUTATED: dict[str, Make] = {
    "FER-D-13": known(),
    "FER-D-01": counted(BTFER),
    "FER-D-05": counted(BTFER),
    "FER-D-06": sized("BTFER", (256, 256), grey=False),
    "FER-D-08": lambda: clean("BTFER"),
    "FER-D-11": lambda: clean("BTFER"),
    "FER-D-12": of_files({}),
    "FER-I-04": sized("FER2013", (48, 48), grey=True),
    "FER-I-05": of_files({}),
    "FER-I-07": grouped(alike),
}


def unmutated(clause: str) -> tuple[CheckResult, ...]:
    return judged(clause, UNMUTATED.get(clause, clean))()


MUTANTS: tuple[Mutant | Right, ...] = (
    wrong("FER-D-01", "an image of a class is missing", counted((300, 300, 299, 300, 300, 300, 300))),
    wrong("FER-D-01", "RAF-DB's own test split for the whole", counted((162, 160, 74, 1185, 680, 478, 329), "RAF-DB")),
    right("FER-D-01", "the counts of Table 1", counted((867, 877, 355, 5957, 3204, 2460, 1619), "RAF-DB")),
    wrong("FER-D-05", "one class has two images more than another", counted((301, 300, 300, 300, 300, 300, 299))),
    wrong("FER-D-06", "an image of 255 rows", sized("BTFER", (256, 256), False, picture(9, 256)[:255])),
    wrong("FER-D-06", "a file with one channel", sized("BTFER", (256, 256), False, mode="L")),
    right("FER-D-06", "grey photographs in files with three channels", sized("BTFER", (256, 256), True, stored="RGB")),
    wrong("FER-D-13", "2,100 pictures in the form of BTFER that are not known", known(Pictures(reduced=()))),
    right("FER-D-13", "2,100 known pictures", known()),
    wrong("FER-I-04", "FER2013 enlarged", sized("FER2013", (96, 96), grey=True)),
    wrong("FER-I-04", "FER2013 with an image in colour", sized("FER2013", (48, 48), True, picture(9, 48))),
    wrong("FER-I-04", "RAF-DB with a grey file", sized("RAF-DB", (100, 100), False, mode="L")),
    right("FER-I-04", "RAF-DB's aligned faces", sized("RAF-DB", (100, 100), grey=False)),
    wrong("FER-I-03", "a JPEG file that was cut off", file(truncated, "Happy/cut.jpg")),
    wrong("FER-I-03", "a PNG file of 20 billion pixels", file(too_large, "Happy/bomb.png")),
    wrong("FER-I-03", "a text named as a picture", file(lambda: b"404 Not Found", "Happy/missing.jpg")),
    right("FER-I-03", "a GIF file named as JPEG", file(converted("P", "GIF"), "Happy/odd.jpg")),
    wrong("FER-I-05", "an animated GIF file", file(animated("GIF"), "Happy/moving.gif")),
    wrong("FER-I-05", "an animated WebP file", file(animated("WEBP"), "Happy/moving.webp")),
    wrong("FER-I-05", "a JPEG file of mode CMYK", file(converted("CMYK", "JPEG"), "Happy/print.jpg")),
    wrong("FER-I-05", "a PNG file with transparency", file(converted("RGBA"), "Happy/cut_out.png")),
    wrong("FER-I-05", "a PNG file of 16 bits", file(deep, "Happy/deep.png")),
    wrong(
        "FER-I-05", "a photograph to be turned", file(lambda: saved("JPEG", exif=exif(tag_0x0112=6)), "Happy/side.jpg")
    ),
    right("FER-I-05", "a grey JPEG file", file(converted("L", "JPEG"), "Happy/grey.jpg")),
    right("FER-I-05", "an upright photograph", file(lambda: saved("JPEG", exif=exif(tag_0x0112=1)), "Happy/up.jpg")),
    *(
        wrong("FER-D-12", name, file(example.write))
        for name, example in EXAMPLES.items()
        if example.holds and name not in SEVERAL
    ),
    wrong(
        "FER-D-12", "a JPEG with a place", file(lambda: saved("JPEG", exif=exif(gps={1: "N", 2: (60.0, 10.0, 0.0)})))
    ),
    wrong("FER-D-12", "a WebP with the number of a camera", file(lambda: saved("WEBP", exif=exif(tag_0xA431="4711")))),
    wrong("FER-D-12", "a GIF with a comment", file(lambda: saved("GIF", comment=b"the person shown"))),
    wrong("FER-D-12", "an e-mail address as a name", file(lambda: saved("PNG"), "Happy/someone@example.org_3.png")),
    wrong(
        "FER-D-12",
        "the address of a page as a name",
        file(lambda: saved("PNG"), "Happy/www.example.org_profile_77.png"),
    ),
    right(
        "FER-D-12",
        "a comment by a program",
        file(lambda: saved("JPEG", comment=b"CREATOR: gd-jpeg v1.0, quality = 90")),
    ),
    right("FER-D-12", "EXIF data of a resolution", file(lambda: saved("JPEG", exif=exif(tag_0x0112=1, tag_0x0128=2)))),
    right("FER-D-12", "usual names", file(lambda: saved("PNG"), "Happy/train_00017_aligned.png")),
    wrong("FER-I-01", "an exact copy of a picture", twice(picture(3), 3)),
    right("FER-I-01", "a mirrored copy, of other pixels", twice(mirrored(3), 3)),
    right("FER-I-01", "the copy is in another split", twice(picture(3), 3, "test")),
    wrong("FER-I-02", "a mirrored copy of a picture", twice(mirrored(3), 3)),
    wrong("FER-I-02", "a rotated copy of a picture", twice(rotated(3), 3)),
    wrong("FER-I-02", "a compressed copy of a picture", twice(compressed(3), 3)),
    right("FER-I-02", "one more picture", twice(picture(99))),
    right("FER-I-02", "the copy is in another split", twice(mirrored(3), 3, "test")),
    wrong("FER-D-08", "an exact copy of a picture", twice(picture(3), 3, dataset="BTFER")),
    wrong("FER-D-08", "a mirrored copy of a picture", twice(mirrored(3), 3, dataset="BTFER")),
    right("FER-D-08", "one more picture", twice(picture(99), dataset="BTFER")),
    wrong("FER-D-10", "a picture under two classes", twice(picture(3), 5)),
    wrong("FER-D-10", "a mirrored picture under two classes", twice(mirrored(3), 5)),
    wrong("FER-D-10", "a picture of one split under another class in the other", twice(picture(3), 5, "test")),
    right("FER-D-10", "a picture twice under one class", twice(picture(3), 3)),
    *(
        wrong(clause, f"another set holds {name} of a picture", shared(image, dataset))
        for clause, dataset in LEAKS.items()
        for name, image in (
            ("an exact copy", picture(3)),
            ("a mirrored copy", mirrored(3)),
            ("a rotated copy", rotated(3)),
        )
    ),
    wrong("FER-I-06", "two splits hold a picture", twice(picture(3), 3, "test")),
    wrong("FER-I-06", "two splits hold a picture, once mirrored", twice(mirrored(3), 3, "test")),
    right("FER-I-06", "two splits of different pictures", twice(picture(99), 3, "test")),
    wrong("FER-I-07", "nine of ten happy faces are old, four of ten others", grouped(by_class)),
    right("FER-I-07", "two of ten faces of every class are old", grouped(alike)),
)
