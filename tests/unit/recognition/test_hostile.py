"""Sets that pretend to be BTFER give an evaluation; the honest set beside each is recognised."""

import hashlib
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ferspec.spec.pictures import Pictures, PublishedPicture
from ferspec.subjects.datasets.recognition.recognise import labelled_digests
from ferspec.subjects.datasets.recognition.reduce import lattice
from ferspec.subjects.datasets.subject import read_dataset
from helpers.made.pictures import CLASSES, LABELS, changed, listed, listing, made_set, picture

# one more than may be unknown, and the most that may be
TOO_MANY, JUST = 201, 200
# places spread over all classes
SOME = [index * 10 for index in range(TOO_MANY)]
PRETEND = pytest.mark.hostile("sets that pretend to be BTFER")


def blank(index):
    return np.full((256, 256, 3), index % 251, np.uint8)


def stripes(index):
    row = np.where(np.arange(256) // (LABELS[index] + 2) % 2, 90, 160) + index % 90
    return np.repeat(np.tile(row, (256, 1))[..., None], 3, axis=2).astype(np.uint8)


def recompressed(index, quality=90):
    file = io.BytesIO()
    Image.fromarray(picture(index)).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))


def between_replaced(index, fill=200):
    """Return a picture of which only the pixels that nearest neighbour keeps are left."""
    image = np.full((256, 256, 3), fill, np.uint8)
    for reading in ("pillow", "floor"):
        kept = np.ix_(lattice(reading), lattice(reading))
        image[kept] = picture(index)[kept]
    return image


def other_face_between(index):
    image = picture((index + 7) % 2100).copy()
    kept = np.ix_(lattice("pillow"), lattice("pillow"))
    image[kept] = picture(index)[kept]
    return image


def at(places, image=picture, label=lambda index: int(LABELS[index])):
    """Return the made set with another image, or another label, at these places."""
    return changed(made_set(), {index: (image(index), label(index)) for index in places})


def labels_moved_on(index):
    return int(LABELS[index] + 1) % 7


def every_class_moved_on():
    # 35 of each class, so that every class still has 300
    return at(
        [*range(0, 35), *(start + n for start in range(300, 2100, 300) for n in range(35))], label=labels_moved_on
    )


def repeated():
    """One picture of each class stands in place of 29 others."""
    return at([index for index in range(2100) if 0 < index % 300 < 30], image=lambda index: picture(index // 300 * 300))


def one_picture_for_all():
    return at(range(0, 2100), image=lambda index: picture(0))


HOSTILE = {
    "1,899 listed pictures": (lambda: at(SOME, blank), "pictures", 1899),
    "listed pictures compressed again": (lambda: at(SOME, recompressed), "similar", TOO_MANY),
    "listed pictures one grey level brighter": (
        lambda: at(SOME, lambda index: picture(index).clip(0, 254) + np.uint8(1)),
        "similar",
        TOO_MANY,
    ),
    "mirrored": (lambda: at(SOME, lambda index: np.ascontiguousarray(picture(index)[:, ::-1])), "pictures", 1899),
    "labels moved to the next class": (every_class_moved_on, "mislabelled", 245),
    "one picture of each class repeated": (repeated, "repeated", 203),
    "one picture everywhere": (one_picture_for_all, "pictures", 1),
    "a single picture with other pixels between": (lambda: at([4], between_replaced), "disagreeing", 1),
    "another face between": (lambda: at([4], other_face_between), "disagreeing", 1),
    "black between": (lambda: at(SOME, lambda index: between_replaced(index, 0)), "disagreeing", TOO_MANY),
}


@PRETEND
@pytest.mark.parametrize("name", HOSTILE)
def test_a_set_that_pretends_is_not_recognised(name):
    made, field, count = HOSTILE[name]
    dataset = made()
    assert dataset.form == "btfer form"
    assert getattr(dataset.found.recognition, field) == count


@pytest.mark.slow
@PRETEND
@pytest.mark.parametrize(
    "image", [stripes, lambda index: blank(LABELS[index] * 30)], ids=["grey stripes", "seven flat pictures"]
)
def test_shape_alone_is_not_btfer(image):
    dataset = read_dataset("BTFER", listing(image))
    assert dataset.form == "btfer form"
    assert dataset.found.recognition.pictures == 0


def test_the_made_set_is_recognised_with_every_picture():
    recognition = made_set().found.recognition
    assert made_set().form == "btfer"
    assert (recognition.pictures, recognition.known, recognition.unknown) == (2100, 2100, 0)
    assert (recognition.mislabelled, recognition.repeated, recognition.similar, recognition.disagreeing) == (0,) * 4


def test_1900_listed_pictures_are_enough_and_the_others_are_unknown():
    dataset = at(SOME[:JUST], blank)
    assert dataset.form == "btfer"
    assert (dataset.found.recognition.known, dataset.found.recognition.unknown) == (1900, JUST)
    assert np.flatnonzero(~dataset.found.known).tolist() == SOME[:JUST]


def test_the_shipped_list_does_not_know_the_made_pictures():
    from ferspec.spec.pictures import pictures

    assert replace(made_set(), pictures=pictures()).form == "btfer form"


def test_a_picture_under_two_of_its_labels_counts_once_and_both_images_are_known():
    twice = at([300], lambda index: picture(0))
    first = twice.pictures.reduced[0]
    digest = twice.reduced[300]["pillow"].sha256_rgb48_label
    both = first.model_copy(update={"sha256_rgb48_label": f"{first.sha256_rgb48_label}|{digest}"})
    known = replace(twice, pictures=Pictures(reduced=(both, *twice.pictures.reduced[1:])))
    assert (known.found.recognition.known, known.found.recognition.pictures) == (2100, 2099)


def test_a_list_in_the_other_reading_of_the_ties_is_found_and_named():
    dataset = replace(made_set(), pictures=listed(made_set(), "floor"))
    assert made_set().found.recognition.reading == "pillow"
    assert (dataset.form, dataset.found.recognition.reading) == ("btfer", "floor")


# The publisher's own digests


def published(dataset, places=range(2100), by="file"):
    rows = [labelled_digests(dataset.entries[index]) for index in places]
    names = ("sha256_file_label", "sha256_pixels_label")
    chosen = names if by == "both" else names[:1] if by == "file" else names[1:]
    return Pictures(
        reduced=(), published=tuple(PublishedPicture(**{n: row[names.index(n)] for n in chosen}) for row in rows)
    )


@pytest.mark.parametrize("by", ["file", "pixels", "both"])
def test_the_publishers_digests_decide_once_they_are_stated(by):
    dataset = replace(made_set(), pictures=published(made_set(), by=by))
    assert (dataset.form, dataset.found.recognition.by) == ("btfer", "the publisher's digests")
    assert dataset.found.recognition.known == 2100


def test_a_publishers_digest_is_of_the_digest_and_the_class():
    entry = made_set().entries[0]
    stated = hashlib.sha256(f"{entry.bytes_sha256}{CLASSES[0]}".encode()).hexdigest()
    assert labelled_digests(entry)[0] == stated


@PRETEND
@pytest.mark.parametrize("made", [lambda: at(SOME, recompressed), every_class_moved_on], ids=["pixels", "labels"])
def test_the_publishers_digests_outweigh_reductions(made):
    dataset = replace(made(), pictures=replace_published(made_set()))
    assert dataset.form == "btfer form"


def replace_published(dataset):
    return dataset.pictures.model_copy(update={"published": published(dataset).published})
