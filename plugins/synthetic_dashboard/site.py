"""`Site`: the files of the dashboard and of the plugins that add to it, under one address that changes with them.

The address of every file holds a digest of all of them, so browsers keep each
for good, and a page never mixes files of two versions.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Self

from synthetic import NotFoundError, SettingsLookup
from synthetic_dashboard.contributions import Dashboard
from synthetic_dashboard.encodings import EncodedFile
from synthetic_dashboard.settings import DashboardSettings

ROOT = "/dashboard"
OWN = "synthetic_dashboard"
FIRST_MODULE = "main.js"
DIGEST_LENGTH = 16
MEDIA_TYPES = {
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/json; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
}
STYLE = "style.css"
"""All styles that the page names, in their order, as one file: the browser draws nothing before it has them all."""

STYLE_LINK = re.compile(r' *<link rel="stylesheet" href="{{static}}/([^"]+)">\n')
STATIC_IMPORT = re.compile(r"""\b(?:import|export)\b[^'"();]*?\bfrom\s*["']([^"']+)["']|\bimport\s*["']([^"']+)["']""")


@dataclass(frozen=True, slots=True)
class Site:
    """All files at one time.

    Attributes:
        base: What their paths begin with.
        files: By the rest of their paths: nothing else is ever looked for on the disk.
        page: The page itself.
        added: What other plugins have added.
    """

    base: str
    files: dict[str, EncodedFile]
    page: EncodedFile
    added: tuple[Dashboard, ...]

    def address_of(self, package: str, module: str) -> str:
        """The path of a module of another plugin."""
        return f"{self.base}/{package}/{module}"

    @property
    def kit(self) -> bytes:
        """A module at an address that never changes, for those of other plugins, which do not know the digest."""
        return f'export * from "{self.base}/kit.js";\n'.encode()


@dataclass(slots=True)
class SiteKeeper:
    """The site of one kernel, made when it is first asked for."""

    rereads: bool
    _site: Site | None = None
    _making: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def make(cls, settings: SettingsLookup, /) -> Self:
        """For a kernel with these settings."""
        return cls(settings(DashboardSettings).reread_files)

    def is_made(self, *, opening: bool) -> bool:
        """Whether `site` need not read files."""
        return self._site is not None and not (opening and self.rereads)

    def site(self, added: Sequence[Dashboard], *, opening: bool = False) -> Site:
        """The site with what other plugins have added.

        Args:
            added: What they have registered.
            opening: Whether the page is being opened, which is when files are read again if that is wanted.

        Raises:
            NotFoundError: A module is not where it was said to be.
        """
        with self._making:
            if self._site is None or not self.is_made(opening=opening):
                self._site = make_site(added)
            return self._site


def make_site(added: Sequence[Dashboard]) -> Site:
    """Read all files; see `SiteKeeper.site`."""
    own = resources.files(OWN) / "static"
    contents = dict(_files_below(own))
    page = _with_one_style(contents.pop("index.html").decode(), contents)
    for each in added:
        contents |= _files_of(each)
    digest = hashlib.sha256()
    for path, content in sorted(contents.items()):
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    base = f"{ROOT}/{digest.hexdigest()[:DIGEST_LENGTH]}"
    links = "\n    ".join(f'<link rel="modulepreload" href="{base}/{path}">' for path in _preloaded(contents))
    html = page.replace("{{static}}", base).replace("{{preload}}", links)
    files = {path: EncodedFile(content, MEDIA_TYPES[_ending(path)]) for path, content in contents.items()}
    return Site(base, files, EncodedFile(html.encode(), "text/html; charset=utf-8"), tuple(added))


def _with_one_style(page: str, contents: dict[str, bytes]) -> str:
    """The page with its styles joined to one; they leave the contents, and the joined one comes in."""
    names = STYLE_LINK.findall(page)
    contents[STYLE] = b"\n".join(contents.pop(name) for name in names)
    links = iter([f'    <link rel="stylesheet" href="{{{{static}}}}/{STYLE}">\n'])
    return STYLE_LINK.sub(lambda _: next(links, ""), page)


def _files_below(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files_below(entry, f"{prefix}{entry.name}/")
        elif _ending(entry.name) in MEDIA_TYPES or entry.name == "index.html":
            yield f"{prefix}{entry.name}", entry.read_bytes()


def _files_of(added: Dashboard) -> dict[str, bytes]:
    """The files of another plugin.

    Raises:
        NotFoundError: A module is not among them.
    """
    modules = {each.module for each in (*added.pages, *added.panels)}
    folder = resources.files(added.package) / "dashboard"
    found: dict[str, bytes] = {}
    if folder.is_dir():
        found = {
            f"{added.package}/{entry.name}": entry.read_bytes()
            for entry in folder.iterdir()
            if entry.is_file() and _ending(entry.name) in MEDIA_TYPES
        }
    missing = sorted(module for module in modules if f"{added.package}/{module}" not in found)
    if missing:
        raise NotFoundError(
            f"The folder `dashboard` of the package {added.package} has no {', '.join(missing)}.",
            action="Install the plugin again; if it is yours, see that its wheel holds the folder.",
            details={"package": added.package, "modules": missing},
        )
    return found


def _ending(path: str) -> str:
    return path.rpartition(".")[2]


def _preloaded(contents: dict[str, bytes]) -> list[str]:
    """The modules that the first one imports, directly or not: a browser can ask for all of them at once."""
    found: list[str] = []
    waiting = [FIRST_MODULE]
    while waiting:
        path = waiting.pop(0)
        if path in found or path not in contents:
            continue
        found.append(path)
        folder = path.rpartition("/")[0]
        references = STATIC_IMPORT.findall(contents[path].decode())
        waiting += [_resolved(folder, first or second) for first, second in references]
    return found[1:]


def _resolved(folder: str, reference: str) -> str:
    parts = folder.split("/") if folder else []
    for part in reference.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
