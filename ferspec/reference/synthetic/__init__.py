"""A deterministic renderer of synthetic faces that show the seven expressions; they certify nothing about people."""

from ferspec.reference.synthetic.description import Scene
from ferspec.reference.synthetic.groups import attributes
from ferspec.reference.synthetic.images import SyntheticImage, scene, synthetic_arrays, synthetic_images
from ferspec.reference.synthetic.rendering import render
from ferspec.reference.synthetic.sampling import sample

__all__ = [
    "Scene",
    "SyntheticImage",
    "attributes",
    "render",
    "sample",
    "scene",
    "synthetic_arrays",
    "synthetic_images",
]
