"""A dataset as a subject: what its images, files, labels and names hold, and what it shares with other sets."""
