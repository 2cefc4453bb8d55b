"""Making a new plugin: a distribution in a folder of its own, from the files of `template`.

The files are text with `{{names}}` in them, and are no modules of the kernel;
that what they make is green is a test. Which names a plugin may have, and which
are taken by what Synthetic brings, is decided here, before anything is written.
"""

from __future__ import annotations

import builtins
import keyword
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import apsw
from graphql import GraphQLObjectType, GraphQLSchema

from synthetic.contributions import NAME
from synthetic.durable_files import translate_system_error
from synthetic.errors import BadUserInputError, ConflictError
from synthetic.plugins.discovery import kernel_version, list_installed
from synthetic.registry import Registry

CHARACTERS_MAX = 24
DASHBOARD = "dashboard"
"""The plugin whose hook takes a panel; its name is also that of the folder with the panel's module."""

SUFFIX = ".template"
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
COLUMNS = ("construct", "construct_id", "title", "body", "version", "created", "changed", "position", "deleted_id")
"""What stands beside the entity in the types and records of the template."""

PLURALS = ((re.compile(r"ies$"), "y"), (re.compile(r"(s|x|z|ch|sh)es$"), r"\1"), (re.compile(r"(?<!s)s$"), ""))
"""English plurals, the regular ones; others are named by whoever asks."""


@dataclass(frozen=True, slots=True)
class NewPlugin:
    """The names of a plugin that is to be made.

    Attributes:
        plugin: Its name, which is also that of its table: what it keeps, in the plural.
        entity: One of that.
        has_dashboard: Whether it has a panel for the dashboard.
    """

    plugin: str
    entity: str
    has_dashboard: bool = False

    @property
    def package(self) -> str:
        """Import name of its package."""
        return f"synthetic_{self.plugin}"

    @property
    def distribution(self) -> str:
        """What pip calls it, and its folder."""
        return f"synthetic-{self.plugin.replace('_', '-')}"

    @property
    def type_name(self) -> str:
        """The GraphQL type of what it keeps."""
        return "".join(word.title() for word in self.entity.split("_"))

    def names(self) -> Mapping[str, str]:
        """What stands in the template, and what it is for this plugin."""
        word, words = self.entity.replace("_", " "), self.plugin.replace("_", " ")
        article = "an" if word[0] in "aeiou" else "a"
        return {
            "plugin": self.plugin,
            "package": self.package,
            "distribution": self.distribution,
            "entity": self.entity,
            "ENTITY": self.entity.upper(),
            "Entity": self.type_name,
            "entityField": _camel(self.entity),
            "entitiesField": _camel(self.plugin),
            "word": word,
            "words": words,
            "Words": words.capitalize(),
            "article": article,
            "Article": article.capitalize(),
            "kernel_version": kernel_version(),
            "with_dashboard": f'            "{DASHBOARD}": "{self.package}.with_dashboard",\n' * self.has_dashboard,
        }


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


def name_plugin(name: str, entity: str | None) -> NewPlugin:
    """The names that follow from those that were given.

    Args:
        name: Of the plugin: what it keeps, in the plural.
        entity: One of that; None: as English makes it of the name.

    Raises:
        BadUserInputError: A name is no name of a plugin, or is a word that Python or SQL has taken.
    """
    _check_name(name, "NAME")
    singular = entity or _singular_of(name)
    if singular is None or singular == name:
        raise BadUserInputError(
            f"What is one of {name} called?",
            action="Name the plugin after what it keeps, in the plural, or say with --entity what one of them is.",
            details={"field": "entity"},
        )
    _check_name(singular, "--entity")
    return NewPlugin(name, singular, has_dashboard=any(each.name == DASHBOARD for each in list_installed()))


def _singular_of(name: str) -> str | None:
    for pattern, ending in PLURALS:
        if pattern.search(name):
            return pattern.sub(ending, name)
    return None


def _check_name(name: str, what: str) -> None:
    if not NAME.fullmatch(name) or len(name) > CHARACTERS_MAX:
        raise BadUserInputError(
            f"{what} must be lower-case words joined by underscores, of {CHARACTERS_MAX} characters at most.",
            action="Choose another name, such as `bookmarks`.",
            details={"field": what, "name": name[:CHARACTERS_MAX]},
        )
    taken_by = (
        "Python" if keyword.iskeyword(name) or name in dir(builtins)
        else "SQL" if name.upper() in apsw.keywords
        else "the template" if name in COLUMNS
        else None
    )  # fmt: skip
    if taken_by is not None:
        raise BadUserInputError(
            f"{what} {name!r} is a word of {taken_by}.",
            action="Choose another name, such as `bookmarks`.",
            details={"field": what, "name": name},
        )


def refuse_taken(new: NewPlugin, registry: Registry, schema: GraphQLSchema) -> None:
    """Refuse names that clash with what is installed, or with what Synthetic brings.

    Args:
        new: The names.
        registry: Of the shipped plugins.
        schema: Of the same.

    Raises:
        ConflictError: One is taken; the message says by what.
    """
    taken = [f"the plugin {each.name} of {each.distribution}" for each in list_installed() if each.name == new.plugin]
    taken += [f"the table {each.record.name} of {each.plugin}" for each in registry.tables
              if each.record.name == new.plugin]  # fmt: skip
    taken += [f"what events of {each.plugin} call {new.entity}" for each in registry.events
              if each.record.entity == new.entity][:1]  # fmt: skip
    taken += [f"the GraphQL type {new.type_name}"] * (new.type_name in schema.type_map)
    wanted = {
        "Query": (_camel(new.entity), _camel(new.plugin)),
        "Mutation": (f"save{new.type_name}", f"delete{new.type_name}"),
        "Subscription": (f"{_camel(new.entity)}Updates",),
        "Construct": (_camel(new.plugin),),
    }
    for kind, fields in wanted.items():
        found = schema.type_map.get(kind)
        if isinstance(found, GraphQLObjectType):
            taken += [f"the field {kind}.{field}" for field in fields if field in found.fields]
    if taken:
        raise ConflictError(
            f"The name {new.plugin} would clash with {taken[0]}.",
            action="Choose another name.",
            details={"name": new.plugin, "taken": taken},
        )


def make_plugin(new: NewPlugin, directory: Path) -> Path:
    """Write the distribution, whole or not at all.

    Args:
        new: Its names.
        directory: In which its folder is made; made itself if it is not there.

    Returns:
        The folder.

    Raises:
        ConflictError: There is something of that name already.
        StorageFullError, StorageReadOnlyError, StorageFailedError: It cannot be written.
    """
    target = directory / new.distribution
    if target.exists() or target.is_symlink():
        raise ConflictError(
            f"There is a {target} already.",
            action="Name another folder with --dir, or move that one away.",
            details={"path": str(target)},
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{new.distribution}-", dir=directory))
    except OSError as error:
        raise translate_system_error(error, str(directory)) from error
    try:
        for path, text in render(new):
            (scratch / path).parent.mkdir(parents=True, exist_ok=True)
            (scratch / path).write_text(text, "utf-8")
        scratch.chmod(0o755)
        scratch.rename(target)
    except OSError as error:
        raise translate_system_error(error, str(directory)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def render(new: NewPlugin) -> Iterator[tuple[str, str]]:
    """The files of a new plugin: path below its folder, and text."""
    names = new.names()
    for path, text in _files(resources.files("synthetic.plugins") / "template", ""):
        if not new.has_dashboard and path.startswith((f"package/{DASHBOARD}/", f"package/with_{DASHBOARD}.py")):
            continue
        renamed = path.replace("package/", f"{new.package}/", 1) if path.startswith("package/") else path
        yield _fill(renamed, names), _fill(text, names)


def _files(folder: Traversable, before: str) -> Iterator[tuple[str, str]]:
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        if each.is_dir():
            yield from _files(each, f"{before}{each.name}/")
        elif each.name.endswith(SUFFIX):
            yield before + each.name.removesuffix(SUFFIX), each.read_text("utf-8")


def _fill(text: str, names: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: names[found[1]], text)
