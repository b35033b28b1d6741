"""Pictures for a collection, and a detector that needs no network: the face is what differs from a grey wall."""

import io
import json
import sys

import numpy as np
from PIL import Image

from ferspec import spec
from ferspec.api.dataset.build import build
from ferspec.collection.faces import Box, Detectors, Face
from ferspec.synthetic.images import synthetic_images

WALL = 128
SIDE, LEFT, TOP = 128, 40, 30
QUERIES = ("white man {}", "asian woman {}", "black girl {}", "elderly latino man {}")
EXPRESSIONS = {
    "Angry": "angry",
    "Disgust": "disgusted",
    "Fear": "scared",
    "Happy": "smiling",
    "Neutral": "serious",
    "Sad": "crying",
    "Surprise": "amazed",
}


class Wall:
    """Detect one face: the box of everything that is not the wall, where it is not empty."""

    tool = "stand-in 1"

    def faces(self, picture):
        rows, columns = np.nonzero((picture != WALL).any(axis=-1))
        if not rows.size:
            return ()
        box = Box(*map(int, (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)))
        return (Face(box, 1.0),)


STAND_INS = Detectors(Wall(), Wall())


def on_wall(face, height=200, width=220):
    """Return a face on a grey wall."""
    picture = np.full((height, width, 3), WALL, np.uint8)
    picture[TOP : TOP + face.shape[0], LEFT : LEFT + face.shape[1]] = face
    return picture


def encoded(picture, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


def faces(per_class, side=SIDE):
    """Return (class, number, pixels) of rendered faces, per class."""
    rng = np.random.default_rng(0)
    found = []
    for image in synthetic_images(per_class, side, 3):
        # grain, as in a photograph: flat areas of a rendered face would look like a drawing
        noise = rng.integers(-6, 7, image.pixels.shape)
        found.append((image.label, len(found), np.clip(image.pixels + noise, 0, 255).astype(np.uint8)))
    return found


def pictures(per_class):
    """Return the content of pictures by path ``QUERY/NUMBER.png``, for each class."""
    content = {}
    for label, number, face in faces(per_class):
        name = QUERIES[number % len(QUERIES)].format(EXPRESSIONS[label])
        content[f"{name}/{number}.png"] = encoded(on_wall(face))
    return content


def listed(site, paths):
    """Return a CSV of addresses with their queries, as the source of a collection."""
    lines = [f"{site.url}/{path.replace(' ', '%20')},{path.partition('/')[0]}" for path in paths]
    return "\n".join(["url,query", *lines]) + "\n"


def classes():
    return spec.load().classes


def main():
    """Build with the stand-ins: the arguments of ``build`` as JSON; a line for each step on standard output."""
    options = json.loads(sys.argv[1])
    build(**options, detectors=STAND_INS, progress=lambda step, done, total: print(step, done, flush=True))
    print("finished", flush=True)


if __name__ == "__main__":
    main()
