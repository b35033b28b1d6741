"""The four stages of a collection: each turns the rows of the stage before into its own."""
