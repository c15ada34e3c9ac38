"""The device: from a picture or a tag read to a door decision."""

from __future__ import annotations

import os

# A header of a few bytes can announce a picture of a billion pixels, and OpenCV would set aside 3 GB for it. 2^26 px
# (8192 × 8192) is more than any camera here has. OpenCV reads this once, when it is first imported.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**26))
