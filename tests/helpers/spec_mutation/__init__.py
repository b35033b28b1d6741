"""The spec mutation test: each value of the specification is changed, and the change must be detected.

``changes`` lists the changes, ``behaviour`` what is computed from a specification, and ``judging`` compares the two in
a process of its own for each change.
"""
