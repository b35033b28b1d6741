"""Shows what changed images cost a model: rows of a table, and the places of marks in its plots."""
