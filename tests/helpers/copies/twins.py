"""Pairs of the 1,018 sample faces of BTFER that show one photograph: each was looked at, side by side."""

# numbers in the sample; two pairs have equal pixels, the others differ by crop, mirror, compression, light or watermark
TWINS = {
    (16, 859), (18, 681), (42, 343), (70, 131), (73, 971), (80, 216), (148, 959), (154, 426), (164, 592), (226, 287),
    (244, 997), (249, 385), (259, 354), (272, 382), (346, 590), (387, 644), (401, 477), (406, 557), (409, 463),
    (447, 925), (499, 780), (539, 629), (558, 992), (566, 883), (646, 702), (671, 907), (730, 993), (765, 983),
    (896, 1010),
}  # fmt: skip

# one person in one sitting, by another shot with another background: these are not copies, but nearly look like them
SITTINGS = {(212, 740)}
