"""The verbs about the grid: judge trained cells, show their bands, recompute the findings."""
