"""`python -m synthetic` is `synthetic`."""

from __future__ import annotations

import sys

from synthetic.cli import main

if __name__ == "__main__":
    sys.exit(main())
