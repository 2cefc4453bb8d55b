# ruff: noqa: INP001 - a part of a script, not a package
"""docs/plugins/hooks.md: every hook, from its specification."""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator

from synthetic import hookspecs
from synthetic.plugins.hooks import KERNEL, RUN_TIME, Hooks
from synthetic.registry import Registry

HEAD = """# Hooks

Every hook that a plugin may implement: those of the kernel, then those that plugins offer to others. This page is made
from the specifications. [The guide](guide.md#the-hooks) tells how they are called.

The functions stand in the plugin's module `plugin`, marked with `@hookimpl`. Those called `register_...` run once, when
a kernel is made, before any store is opened; they take no arguments, do no I/O, and return a tuple of records. What
they raise, or return beside that, stops the start with `PLUGIN_FAILED` and the plugin's name.
"""

SECTION = re.compile(r"^(Args|Returns|Raises|Example):{1,2}$", re.MULTILINE)
TITLES = {"Args": "Arguments", "Returns": "Returns", "Raises": "Raises", "Example": "Example"}
ENTRY = re.compile(r"^    (\w+): ", re.MULTILINE)


def hook_page(registry: Registry) -> str:
    """The page of all hooks.

    Args:
        registry: Of the shipped plugins.
    """
    modules = {KERNEL: hookspecs}
    for plugin in registry.plugins:
        if plugin.record.hooks is not None:
            modules[plugin.name] = importlib.import_module(plugin.record.hooks)
    parts = [HEAD]
    for owner, module in modules.items():
        parts.append(f"## Hooks of {'the kernel' if owner == KERNEL else owner}\n")
        names = [name for name, function in vars(module).items() if hasattr(function, "synthetic_spec")]
        for name in sorted(names, key=lambda name: _line_of(getattr(module, name))):
            parts += [f"### {name}\n", *_described(name, getattr(module, name))]
    return "\n".join(parts)


def _line_of(function: object) -> int:
    return inspect.getsourcelines(function)[1]  # pyright: ignore[reportArgumentType] - a function of a module


def _described(name: str, function: object) -> Iterator[str]:
    specs = Hooks().specs
    if name in RUN_TIME:
        yield f"`{name}({', '.join(RUN_TIME[name])})`, called while a store is open.\n"
    elif name in specs:
        one, record = specs[name].is_one, specs[name].record_class.__name__
        yield f"`{name}()` returns {'one' if one else 'a tuple of'} `{record}`.\n"
    text = inspect.getdoc(function) or ""
    before, *sections = SECTION.split(text)
    yield f"{_prose(before)}\n"
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        if title == "Example":
            yield f"{TITLES[title]}:\n\n```python\n{textwrap.dedent(body).strip()}\n```\n"
        elif title == "Returns":
            yield f"{_prose(f'{TITLES[title]}: {textwrap.dedent(body).strip()}')}\n"
        else:
            entries = ENTRY.split(body)
            yield f"{TITLES[title]}:\n"
            for entry, meaning in zip(entries[1::2], entries[2::2], strict=True):
                yield textwrap.fill(f"- `{entry}`: {' '.join(meaning.split())}", 120, subsequent_indent="  ",
                                    break_long_words=False, break_on_hyphens=False)  # fmt: skip
            yield ""


def _prose(text: str) -> str:
    """Paragraphs of a docstring as paragraphs of the page."""
    paragraphs = (" ".join(part.split()) for part in text.strip().split("\n\n"))
    return "\n\n".join(textwrap.fill(part, 120, break_long_words=False, break_on_hyphens=False) for part in paragraphs)
