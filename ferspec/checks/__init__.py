"""The checks, each a pure function, and the generator that yields them."""
