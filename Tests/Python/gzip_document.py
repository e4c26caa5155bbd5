"""Packs or unpacks a metadata document, as another program would.

    gzip_document.py pack|unpack FROM TO
"""

import gzip
import sys

verb, source, target = sys.argv[1:]
with open(source, "rb") as file:
    content = file.read()
with open(target, "wb") as file:
    file.write(gzip.compress(content) if verb == "pack" else gzip.decompress(content))
