"""Freezes a Keras network or SavedModel to a function with constant weights."""

from __future__ import annotations

from typing import Any

from ferspec.edge.conversion.job import Job
from ferspec.subjects.models.quiet import tensorflow
from ferspec.subjects.models.savedmodel.folder import Runner

INPUT = "image"


def frozen(job: Job, batch: int | None) -> Any:
    """Return a concrete function from images to the chosen output.

    It takes ``batch`` images, or any number for None.
    """
    tf = tensorflow()
    # the function has no other place than this one
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    network, place = job.model.network, job.place(job.model.run)

    @tf.function(autograph=False)
    def chosen(image: Any) -> Any:
        if isinstance(network, Runner):
            return network.signature(**{network.argument: image})[network.keys[place]]
        return tf.nest.flatten(network(image, training=False))[place]

    given = tf.TensorSpec([batch, *job.shape], tf.as_dtype(job.model.signature.dtype), name=INPUT)
    return convert_variables_to_constants_v2(chosen.get_concrete_function(given))
