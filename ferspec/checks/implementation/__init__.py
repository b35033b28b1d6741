"""The checks on an implementation, a file per family of clauses."""
