"""Figures 2 to 28 of the paper, each drawn from its description in figures.toml."""
