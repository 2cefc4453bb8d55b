"""`serve`: from a data directory to a running server, in one process or several."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from synthetic.data_directory import DataDirectory
from synthetic.kernel import Kernel
from synthetic.kernel_settings import KernelSettings
from synthetic.logs import configure_logs
from synthetic.operations.migrations import record_migrations
from synthetic.origin import Origin
from synthetic.plugins.discovery import kernel_version
from synthetic.registry import Registry, load_registry
from synthetic.security.first_token import ensure_first_token
from synthetic.security.host_names import HostNames
from synthetic.server.banner import Banner
from synthetic.server.listening import listen, require_loopback, reserve_descriptors
from synthetic.server.process import Lifetime, bounded_stop, run_server
from synthetic.server.workers import Workers
from synthetic.store import Store

ACTOR = "command:serve"


def serve(
    data_dir: Path,
    *,
    overrides: Mapping[str, str] | None = None,
    no_auth: bool = False,
    migrate: bool = True,
    registry: Registry | None = None,
    read_only: bool = False,
) -> None:
    """Serve a store until SIGTERM or SIGINT.

    Where it listens, and in how many processes, is in the settings
    (`kernel.server`). Standard output says where, and then `ready URL`; logs go
    to standard error.

    Args:
        data_dir: The data directory; made when it is not there and `migrate` is set.
        overrides: Settings by dotted name, as `--set` takes them.
        no_auth: Let everybody in; only where the server listens on loopback alone.
        migrate: Bring the store up to date first; else one that is not is refused.
        registry: Loaded already, in place of loading it here; for one process alone, since workers load their own.
        read_only: Change nothing: answer queries of what can be read, and refuse every write.

    Raises:
        DemoUnfinishedError: The directory holds a demo that is half made.
        AddressUnavailableError: The server cannot listen there.
        SettingsInvalidError: A setting does not fit, or `no_auth` is not safe here.
        SyntheticError: The store cannot be opened; the code says why.
    """
    _require_finished_demo(data_dir)
    registry = registry or load_registry(data_dir, overrides=overrides)
    settings = registry.kernel_settings.server
    configure_logs(registry.kernel_settings.log)
    _check(registry.kernel_settings, no_auth=no_auth)
    with ExitStack() as opened:
        listening = [opened.enter_context(one) for one in listen(settings.host, settings.port)]
        stopping = opened.enter_context(bounded_stop(settings))
        with closing(Kernel.open(data_dir, registry=registry, migrate=migrate, read_only=read_only)) as kernel:
            banner = _welcome(kernel, listening, no_auth=no_auth)
            if settings.workers == 1:
                kernel.metrics.name_process(kernel_version(), 0)
                run_server(kernel, listening, Lifetime(announce=banner.show, stopping=stopping), no_auth=no_auth)
                return
        # The parent of workers has the store closed: only processes that serve it hold its locks.
        workers = Workers(
            kernel.data_dir, overrides or {}, listening, settings, no_auth=no_auth, read_only=read_only,
            announce=banner.show,
        )  # fmt: skip
        asyncio.run(workers.run())


def _require_finished_demo(data_dir: Path) -> None:
    """Refuse a demo that is half made: served, it would become a store that nobody can finish.

    Raises:
        DemoUnfinishedError: It is.
        NotADemoError: Its mark cannot be read.
    """
    directory = DataDirectory(data_dir)
    if directory.demo_mark.is_file():
        from synthetic.demo.mark import require_finished  # noqa: PLC0415 - other stores need no demo

        require_finished(directory)


def _check(settings: KernelSettings, *, no_auth: bool) -> None:
    """Refuse what cannot work before anything is made: a start that fails later has shown nobody the first token."""
    if no_auth:
        require_loopback(settings.server.host)
    HostNames(settings.server.host, settings.security.hosts, settings.security.origins)
    reserve_descriptors(settings)


def _welcome(kernel: Kernel, listening: Sequence[socket.socket], *, no_auth: bool) -> Banner:
    """See that what was migrated is on record, and that there is a token, unless none is asked for; what to say."""
    first = None
    if not kernel.read_only:
        store = Store(kernel, Origin(ACTOR, is_upkeep=True))
        record_migrations(store)
        first = None if no_auth else ensure_first_token(store, kernel.data_dir, os.environ)
    return Banner(
        directory=kernel.directory,
        listening=listening,
        first=first,
        no_auth=no_auth,
        pages=[page.path for page in kernel.registry.pages],
        read_only=kernel.read_only,
    )
