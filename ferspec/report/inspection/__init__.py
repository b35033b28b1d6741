"""The page of an inspection, its pictures, and the schema of its document."""
