"""A program that writes to a store without a server until it is killed: `writing.py DIRECTORY NAME`.

It prints the id of each write once that was acknowledged, and nothing else.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

from synthetic import Store, SyntheticError
from synthetic.kernel import Kernel
from synthetic_constructs.store import save_construct


def main() -> None:
    """Write."""
    directory, name = Path(sys.argv[1]), sys.argv[2]
    overrides = {"kernel.database.synchronous": "FULL", "kernel.database.free_disk_bytes": "0"}
    with Store(Kernel.open(directory, overrides=overrides)) as store:
        for number in itertools.count():
            id = f"{name}-{number}"
            try:
                store.write(lambda tx, id=id: save_construct(tx, {"type": "task", "title": id}, id=id))
            except SyntheticError as error:
                # A lock that others hold is the one thing that may be in the way.
                if not error.recoverable:
                    raise
                continue
            os.write(1, f"{id}\n".encode())


if __name__ == "__main__":
    main()
