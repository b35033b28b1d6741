"""Renders synthetic faces with the seven expressions, deterministically; results on them say nothing about people."""

from ferspec.synthetic.description import Scene
from ferspec.synthetic.groups import attributes
from ferspec.synthetic.images import SyntheticImage, scene, synthetic_arrays, synthetic_images
from ferspec.synthetic.rendering import render
from ferspec.synthetic.sampling import sample

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
