"""`Command`: what a plugin hands to the kernel with `register_commands`. The tree of commands is `synthetic.cli`'s."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from synthetic.contributions import require, require_name, require_sentence

COMMAND_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Command:
    """A verb of the command line (`register_commands`), or a noun with verbs of its own.

    It has either a function or verbs. A noun alone shows its verbs.

    Attributes:
        name: As typed after `synthetic`; that of a verb, after the name of its noun.
        function: A function with Typer's annotations; its docstring is the help.
        verbs: What is typed after the name: commands themselves, which may have verbs in turn.
        summary: The help of a noun.
    """

    name: str
    function: Callable[..., Any] | None = None
    verbs: tuple[Command, ...] = ()
    summary: str = ""

    def __post_init__(self) -> None:
        require_name(self.name, "command", COMMAND_NAME)
        require(
            (self.function is None) == bool(self.verbs), f"command {self.name} must have either a function or verbs"
        )
        if self.function is not None:
            require(self.function.__doc__, f"the function of command {self.name} must have a docstring: it is the help")
            require(not self.summary, f"the summary of command {self.name} must be its function's docstring")
            return
        require_sentence(self.summary, f"the summary of command {self.name}")
        names = [verb.name for verb in self.verbs]
        require(len(set(names)) == len(names), f"the verbs of command {self.name} must have different names")
