"""Statistics that are mistaken for those of the protocol, as people compute them (FER-Z)."""
