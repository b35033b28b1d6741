"""The 258 trainings of the protocol: judge trained cells, see their bands, recompute the paper's findings."""
