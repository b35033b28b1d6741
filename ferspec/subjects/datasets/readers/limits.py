"""Define how large datasets may be, packed and unpacked."""

CHUNK = 1 << 20
# what the largest face sets hold, AffectNet's million images of 224 x 224 among them, and a quarter more
MOST_IMAGES, LARGEST_SET = 1_250_000, 192 << 30
# photographs shrink to a fifth at best; below 1 GiB, drawings and constant images may shrink to any size
EXPANSION, UNCHECKED = 100, 1 << 30
