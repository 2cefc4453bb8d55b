"""Whether a thread has waited for the disk, told from what the system counts for it."""

from __future__ import annotations

import resource

# Elsewhere than on Linux what the whole process read is the next best.
_WHO = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)


def count_disk_reads() -> int:
    """How often the calling thread has read from a disk so far: blocks, and pages of memory that were not there.

    What lay in the system's cache is not counted, nor is what some network file systems fetch.
    """
    usage = resource.getrusage(_WHO)
    return usage.ru_inblock + usage.ru_majflt
