"""The spec mutation test: every value of the specification is changed, one at a time, and something must notice.

``changes`` lists the changes, ``behaviour`` what is computed from a specification, and ``judging`` compares the two in
a process of its own for each change.
"""
