"""What exports and imports raise; the rest of the kernel's errors are in `synthetic.errors`."""

from __future__ import annotations

from synthetic.error_contract import ExitCode, SyntheticError


class ExportRefusedError(SyntheticError):
    """The file is no export that could be imported."""

    code = "EXPORT_REFUSED"
    action = "Export it again, and bring the file over unchanged."
    exit_code = ExitCode.DATA


class ExportTooNewError(SyntheticError):
    """The export was made by a newer version."""

    code = "EXPORT_TOO_NEW"
    action = "Bring this installation up to the version that made the export, and run `synthetic migrate`."
    exit_code = ExitCode.DATA


class ExportTooLargeError(SyntheticError):
    """There is more to export than one file may hold."""

    code = "EXPORT_TOO_LARGE"
    action = "Export the constructs in several files, with --construct."
    exit_code = ExitCode.DATA
