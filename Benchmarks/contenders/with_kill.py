"""A sync that is killed half-way and gone on with: both attempts together.

BENCH_HALF is half of what an uninterrupted run takes, in seconds; the rest of the arguments is the
command.
"""

from __future__ import annotations

import os
import subprocess
import sys


def main() -> int:
    half = os.environ.get("BENCH_HALF")
    if not half:
        print("error: there is no uninterrupted run to take the half of; name tributary before", file=sys.stderr)
        return 2
    first = subprocess.Popen(sys.argv[1:])
    try:
        print(f"error: it ended with {first.wait(float(half))} before it was killed", file=sys.stderr)
        return 2
    except subprocess.TimeoutExpired:
        first.kill()
        first.wait()
    return subprocess.run(sys.argv[1:]).returncode


sys.exit(main())
