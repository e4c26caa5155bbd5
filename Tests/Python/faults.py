"""The library that makes calls on a lake's files fail or wait (Tests/Faults/faults.c)."""

import os
import shutil
import subprocess

SOURCE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Faults/faults.c")


def built_shim(folder):
    compiler = next((c for c in ("cc", "clang", "gcc") if shutil.which(c)), None)
    if compiler is None:
        raise SystemExit("no C compiler on the PATH")
    library = os.path.join(folder, "faults.so")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-o", library, SOURCE, "-ldl"],
                   check=True)
    return library
