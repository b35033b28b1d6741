"""The checks, a pure function each, and the one generator that yields those that fit a subject."""
