"""Wrong subjects that the checks must fail, and right variations that they must pass."""
