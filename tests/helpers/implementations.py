"""Implementations that the command and the plugin judge: a miniature, one that misbehaves, one in Perl."""

import shlex
import sys

from helpers.places import HELPERS

MINIATURE = """
def classes():
    return ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]

def class_weights(counts, balancing):
    weights = [max(counts) / count for count in counts]
    return weights if balancing == "simple" else [min(weight, LIMIT) for weight in weights]

LIMIT = 3
"""
PERL = ("perl", str(HELPERS / "conform_in_perl.pl"))


def misbehaving(fault):
    """Return the command of a program that misbehaves after its answer to monitored_split (FER-V-04 alone needs it)."""
    return shlex.join(misbehaving_words(fault, "monitored_split"))


def misbehaving_words(fault, capability):
    return [sys.executable, "-I", "-S", str(HELPERS / "misbehaving.py"), fault, capability]
