"""Build a set of faces in four stages, as the paper built BTFER (paper 2)."""
