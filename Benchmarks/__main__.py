"""`python Benchmarks`: what scripts/bench runs once the environment is there."""

import sys

from runner import main

sys.exit(main())
