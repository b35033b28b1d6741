"""How fast images reach a network, and what that does for whole training steps, against Keras' own generator.

The two ways are timed in turns in one run and their ratio is judged, so that neither the machine nor its load matters.
"""

import time
from statistics import median

import cv2
import numpy as np
import pytest

import ferspec
from ferspec import spec
from ferspec.reference.augmentation.generator import keras_generator
from ferspec.reference.augmentation.stream import Stream
from ferspec.reference.models.preprocessing import RESCALED
from ferspec.reference.training.feed import training_batches
from ferspec.subjects.datasets.pixel_store import PixelStore
from ferspec.subjects.datasets.read_all import read_each
from ferspec.subjects.datasets.readers import open_splits
from ferspec.subjects.models.preprocess import resize
from ferspec.subjects.runs.data.splits import ImageSplit
from ferspec.synthetic import synthetic_images

pytestmark = [
    pytest.mark.speed,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore:Please import `affine_transform`"),
]

BATCH, TURNS, WARMING = 64, 5, 4
DRAWN_PER_CLASS, COPIES = 12, 12
# The aligned faces of RAF-DB.
FILE_SIDE = 100
LEAST_FROM_FILES = {48: 10.0, 224: 6.0}
LEAST_STEPS, LEAST_OF_CEILING = 1.5, 0.85


@pytest.fixture(scope="module")
def class_folders(tmp_path_factory):
    """A folder of 7 × 144 files, JPEG and every twelfth PNG, with a folder for each class."""
    folder = tmp_path_factory.mktemp("faces")
    for face in synthetic_images(DRAWN_PER_CLASS, FILE_SIDE, seed=5):
        place = folder / face.label
        place.mkdir(exist_ok=True)
        pixels = cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGR)
        for copy in range(COPIES):
            name = str(place / f"{face.index:02}-{copy:02}")
            if copy == 0:
                cv2.imwrite(f"{name}.png", pixels)
            else:
                cv2.imwrite(f"{name}.jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 84 + copy])
    return folder


def decoded_once(folder, side):
    """Return the images of class folders as training keeps them."""
    listing = open_splits(folder).chosen()
    pixels = PixelStore(len(listing), (side, side))
    method = spec.load().value("FER-P-08", "resize")
    entries = []
    for read in read_each(listing, lambda _, image: resize(image, (side, side), method)):
        pixels.write(len(entries), read.value)
        entries.append(read.entry)
    return ImageSplit("faces", listing.labels, tuple(entries), pixels)


def from_directory(generator, folder, side, **options):
    return generator.flow_from_directory(
        folder, target_size=(side, side), classes=list(spec.load().classes), batch_size=BATCH, **options
    )


def rescaling_generator():
    """Return Keras' generator as the published runs used it: it rescales too."""
    generator = keras_generator()
    generator.rescale = 1 / spec.load().value("FER-A-01", "divisor")
    return generator


def take(batches, count):
    for _ in range(count):
        next(batches)


@pytest.mark.parametrize(("side", "batches"), [(48, (200, 8)), (224, (25, 3))])
def test_images_from_files_reach_a_network_many_times_as_fast(class_folders, side, batches, in_turns, note):
    began = time.perf_counter()
    images = decoded_once(class_folders, side)
    decoding = time.perf_counter() - began
    unchanged = from_directory(type(keras_generator())(), class_folders, side, shuffle=False)
    np.testing.assert_array_equal(images.read(np.arange(BATCH)), next(unchanged)[0], "both read the same pixels")

    ours = iter(training_batches(images, Stream(len(images), BATCH, seed=1), RESCALED, "threads"))
    theirs = from_directory(rescaling_generator(), class_folders, side, seed=1)
    for warmed in (ours, theirs):
        take(warmed, 2)
    ours_taken, theirs_taken = batches
    turns = in_turns(lambda: take(ours, ours_taken), lambda: take(theirs, theirs_taken), TURNS)
    turns = [(ours_taken * BATCH / fast, theirs_taken * BATCH / slow) for fast, slow in turns]
    ratio = median(fast / slow for fast, slow in turns)
    fast, slow = (median(rates) for rates in zip(*turns, strict=True))
    note(ratio=ratio, least=LEAST_FROM_FILES[side], feed=fast, flow_from_directory=slow, decoding=decoding)
    assert ratio >= LEAST_FROM_FILES[side]


def seconds_a_step(network, batches, steps):
    """Train for one epoch; the first steps are left out, in which what is prepared ahead is still on its way."""
    import keras

    ends = []
    clock = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(time.perf_counter()))
    network.fit(batches, steps_per_epoch=steps, epochs=1, shuffle=False, verbose=0, callbacks=[clock])
    return (ends[-1] - ends[WARMING]) / (len(ends) - 1 - WARMING)


def test_training_steps_are_as_fast_as_the_network_lets_them_be(class_folders, benchmark, note):
    """Half as fast again as with Keras' generator; where the network alone takes longer, that cannot be evaluated.

    The network is fed in turns by the suite, by Keras' generator on arrays in memory, and by one batch that is always
    there: what the last gains over the generator is all that any way of feeding could.
    """
    images = decoded_once(class_folders, 48)
    pixels, classes = images.read(np.arange(len(images))), np.eye(7, dtype=np.float32)[images.labels]
    network = ferspec.build_model("Sequential4Conv", 48)
    network.compile("adam", "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    steps = len(images) // BATCH

    ways = {
        "feed": lambda: training_batches(images, Stream(len(images), BATCH, seed=1), RESCALED, "threads"),
        "generator": lambda: rescaling_generator().flow(pixels, classes, batch_size=BATCH, seed=1),
        "bare": lambda: always((pixels[:BATCH] / 255).astype(np.float32), classes[:BATCH]),
    }
    turns = []

    def time_others():
        others = ("generator", "bare")
        turns.append({name: seconds_a_step(network, ways[name](), steps) for name in others})

    def time_ours():
        turns[-1]["feed"] = seconds_a_step(network, ways["feed"](), steps)

    benchmark.pedantic(time_ours, setup=time_others, rounds=TURNS, warmup_rounds=1)
    del turns[0]
    ratio = median(turn["generator"] / turn["feed"] for turn in turns)
    ceiling = median(turn["generator"] / turn["bare"] for turn in turns)
    seconds = {name: median(turn[name] for turn in turns) for name in ways}
    note(ratio=ratio, ceiling=ceiling, least=LEAST_STEPS, **seconds)
    assert ratio >= LEAST_OF_CEILING * min(ceiling, LEAST_STEPS)
    if ceiling < LEAST_STEPS:
        pytest.skip(f"not evaluated: no feed can reach {LEAST_STEPS} times here, one batch in memory is {ceiling:.2f}")
    assert ratio >= LEAST_STEPS


def always(pixels, classes):
    """Return one batch, again and again."""
    import tensorflow as tf

    return tf.data.Dataset.from_tensors((pixels, classes)).repeat()
