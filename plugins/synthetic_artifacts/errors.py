"""What this plugin raises beyond the kernel's own codes."""

from __future__ import annotations

from synthetic import ConflictError, ExitCode, NotFoundError, SyntheticError


class ArtifactTooLargeError(SyntheticError):
    """The content of the artifact is larger than one may be."""

    code = "ARTIFACT_TOO_LARGE"
    action = "Store it in parts, or raise `plugins.artifacts.size_bytes`."
    http_status = 413
    exit_code = ExitCode.DATA


class ArtifactQuotaError(SyntheticError):
    """The artifacts would take more room than they may."""

    code = "ARTIFACT_QUOTA"
    action = "Delete artifacts that nobody needs, or raise the quota that `details` names."
    http_status = 507
    exit_code = ExitCode.STORAGE


class ArtifactMismatchError(SyntheticError):
    """What has arrived is not what the sender has announced."""

    code = "ARTIFACT_MISMATCH"
    recoverable = True
    action = "Send it again; nothing of it was stored."
    http_status = 400
    exit_code = ExitCode.DATA


class ArtifactDeletedError(NotFoundError):
    """The artifact was deleted; until its grace time is over it can be restored."""

    code = "ARTIFACT_DELETED"
    action = "Restore it with `restoreArtifact` if it is still wanted."
    http_status = 410


class ArtifactMissingError(SyntheticError):
    """The file of the artifact is not there."""

    code = "ARTIFACT_MISSING"
    action = "Put the file back from a backup of `artifacts/`, or delete the artifact."
    http_status = 410
    exit_code = ExitCode.DATA


class ArtifactAlteredError(SyntheticError):
    """The file of the artifact is not what was stored, so it is not served."""

    code = "ARTIFACT_ALTERED"
    action = "Put the file back from a backup of `artifacts/`, or delete the artifact."
    http_status = 500
    exit_code = ExitCode.DATA


class ArtifactTouchedError(SyntheticError):
    """The file of the artifact, or what the file system says of it, has changed while it was read."""

    code = "ARTIFACT_TOUCHED"
    recoverable = True
    action = "Ask for it again: its content is compared anew first. Let other programs leave `artifacts/` alone."
    http_status = 503
    exit_code = ExitCode.TRY_AGAIN


class ArtifactsAbsentError(SyntheticError):
    """The folder `artifacts/` is not the one that the artifacts are in, as where its disk is not mounted."""

    code = "ARTIFACTS_ABSENT"
    recoverable = True
    action = (
        "Mount its disk, or put it back from a backup. If the files are lost for good, or this is the right folder,"
        " run `synthetic artifacts adopt-folder`."
    )
    http_status = 503
    exit_code = ExitCode.TRY_AGAIN


class ArtifactRestoreError(ConflictError):
    """The artifact cannot be restored: its grace time is over."""

    code = "ARTIFACT_GONE"
    action = "Store it again under another id."


class ArtifactPreconditionError(SyntheticError):
    """The artifact is not the one that the request assumes."""

    code = "ARTIFACT_PRECONDITION"
    action = "Ask for its ETag again, or leave If-Match and If-None-Match out."
    http_status = 412
    exit_code = ExitCode.DATA


class ArtifactRangeError(SyntheticError):
    """The artifact has no byte of the range that is asked for."""

    code = "ARTIFACT_RANGE"
    action = "Ask for a range that begins before its end; `details` says how long it is."
    http_status = 416
    exit_code = ExitCode.DATA


class ArtifactEncodingError(SyntheticError):
    """What is sent is compressed, and only the content itself is taken."""

    code = "ARTIFACT_ENCODING"
    action = "Send it without Content-Encoding; text is compressed when it is stored."
    http_status = 415
    exit_code = ExitCode.DATA
