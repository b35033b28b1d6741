"""Declared uses of a model, and what dated data on law say of them. Not legal advice."""
