"""Small copies of datasets in their download layouts: real names and folders, tiny pictures."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
# The integers of each dataset, typed from its own documentation, against the seven classes.
RAFDB = {"Surprise": 1, "Fear": 2, "Disgust": 3, "Happy": 4, "Sad": 5, "Angry": 6, "Neutral": 7}
FER2013 = {"Angry": 0, "Disgust": 1, "Fear": 2, "Happy": 3, "Sad": 4, "Surprise": 5, "Neutral": 6}
AFFECTNET = {"Neutral": 0, "Happy": 1, "Sad": 2, "Surprise": 3, "Fear": 4, "Disgust": 5, "Angry": 6}
CONTEMPT, NONE, UNCERTAIN, NO_FACE = 7, 8, 9, 10
AFFECTNET_COLUMNS = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
)


def picture(key: str, size: tuple[int, int] = (8, 8)) -> np.ndarray:
    """Return a picture that its key alone decides, different from that of any other key."""
    rng = np.random.default_rng(list(key.encode()))
    return rng.integers(0, 256, (*size, 3), dtype=np.uint8)


def save(path: Path, size: tuple[int, int] = (8, 8)) -> Path:
    """Write the picture of that path's last two names, in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture("/".join(path.parts[-2:]), size)).save(path)
    return path


def decoded(path: Path) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(path.read_bytes())).convert("RGB"))


def rafdb_list(root: Path, train: Sequence[str], test: Sequence[str], spelled: str = "patition") -> Path:
    """RAF-DB as handed out: ``train`` and ``test`` are the classes of the faces of each part."""
    rows = []
    for part, labels in (("train", train), ("test", test)):
        for number, label in enumerate(labels, 1):
            save(root / "basic" / "Image" / "aligned" / f"{part}_{number:05d}_aligned.jpg")
            rows.append(f"{part}_{number:05d}.jpg {RAFDB[label]}")
    listed = root / "basic" / "EmoLabel" / f"list_{spelled}_label.txt"
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text("\n".join(rows) + "\n")
    return listed


def fer2013_csv(path: Path, rows: Sequence[tuple[str, str]]) -> Path:
    """FER2013's table; a row is a class and its Usage, its picture the grey of its number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{FER2013[label]},{' '.join([str(i % 256)] * 2304)},{usage}" for i, (label, usage) in enumerate(rows)]
    path.write_text("\n".join(["emotion,pixels,Usage", *lines]) + "\n")
    return path


def affectnet_tables(root: Path, training: Sequence[int], validation: Sequence[int]) -> Path:
    """AffectNet's manually annotated part with its tables; an image for each expression (an integer of AffectNet)."""
    for name, expressions in (("training", training), ("validation", validation)):
        rows = [AFFECTNET_COLUMNS]
        for number, expression in enumerate(expressions):
            path = f"{number % 3 + 1}/{name}{number:04x}.jpg"
            save(root / "Manually_Annotated_Images" / path)
            rows.append(f"{path},134,134,899,899,181.64;530.91;188.32,{expression},-0.5,0.1")
        (root / f"{name}.csv").write_text("\n".join(rows) + "\n")
    return root


def affectnet_annotations(root: Path, parts: Mapping[str, Sequence[int]]) -> Path:
    """AffectNet in its form of files: ``images/N.jpg`` and what is known of each in ``annotations``, as text."""
    for part, expressions in parts.items():
        for number, expression in enumerate(expressions):
            save(root / part / "images" / f"{number}.jpg")
            folder = root / part / "annotations"
            folder.mkdir(exist_ok=True)
            for kind, value in (("exp", str(expression)), ("val", "0.5"), ("aro", "-0.2")):
                np.save(folder / f"{number}_{kind}.npy", np.array(value))
    return root


def class_folders(root: Path, counts: Mapping[str, int], suffix: str = ".png", size: tuple[int, int] = (8, 8)) -> Path:
    """As many pictures in each folder of ``counts`` as it says."""
    for folder, count in counts.items():
        for number in range(count):
            save(root / folder / f"{number:03d}{suffix}", size)
    return root


def flat(root: Path, files: Sequence[str] | None = None) -> Sequence[str]:
    """Write seven pictures without any folder of a class; return their names."""
    listed = files or [f"{index:03}.jpg" for index in range(7)]
    for name in listed:
        save(root / name)
    return listed


def written(path: Path, rows: Iterable[str], columns: str = "file,label") -> Path:
    """Write a table of labels, with the line of its columns first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([columns, *rows]) + "\n")
    return path
