"""Typical mistakes, each stated once as a capability that makes it: checks name them, and mutants are made of them."""
