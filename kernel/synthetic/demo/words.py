"""The words that the made-up fleet is described with, and sentences of them.

Agents are called by their work, projects by what they make; there are no
people, companies or products in it.
"""

from __future__ import annotations

import random

PROJECTS = (
    "billing", "search", "mobile-app", "data-pipeline", "storefront", "identity", "notifications", "reporting",
    "scheduler", "warehouse", "gateway", "media", "support-desk", "fraud-checks", "translations", "inventory",
)  # fmt: skip

TEAMS = ("platform", "product", "data", "operations", "reliability")

PARTS = (
    "retry loop", "import of invoices", "search index", "login form", "image cache", "nightly export", "rate limiter",
    "webhook queue", "audit trail", "price table", "session store", "feature flag", "mail template", "upload page",
    "event stream", "permission check", "currency rounding", "report builder", "address parser", "background worker",
    "connection pool", "settings page", "checkout flow", "query planner", "tax table", "time zone handling",
    "duplicate finder", "stock counter", "archive job", "health page",
)  # fmt: skip

GOALS = (
    "make the {part} faster", "split the {part} from the rest", "make the {part} survive a restart",
    "test the {part} end to end", "move the {part} to streams", "bound the memory of the {part}",
    "replace the {part}", "show what the {part} does", "let the {part} work offline", "repair the {part} under load",
)  # fmt: skip

LAYERS = ("store", "service", "client", "command line", "worker")

FOLDERS = ("api", "core", "jobs", "store", "web", "tests", "tools")

SYMPTOMS = (
    "two requests come at once", "the disk is full", "the answer is late", "the list is empty",
    "a value is missing", "the clock goes back", "the input is very long", "the connection drops half-way",
    "the cache is cold", "the same event comes twice", "the file ends in the middle of a line",
)  # fmt: skip

FINDINGS = (
    "gives up after one attempt", "holds its lock for too long", "reads the whole table",
    "forgets the last entry", "answers before the write is stored", "counts some rows twice", "keeps every result",
    "waits for a time-out that never comes", "does the same work again", "works as it should",
)  # fmt: skip

STEPS = (
    "read the code that calls it", "write a test that fails", "measure it before changing anything",
    "look at the log of the last run", "take the smallest change that works", "run the whole suite",
    "compare with the branch before", "add a bound and say what it is", "ask for a review", "write down what was found",
)  # fmt: skip


def slug(text: str) -> str:
    """A text as part of a file name or a key."""
    return text.lower().replace(" ", "_")


def sentence(draw: random.Random, part: str) -> str:
    """One sentence about a part of a program."""
    match draw.randrange(5):
        case 0:
            return f"The {part} {draw.choice(FINDINGS)} when {draw.choice(SYMPTOMS)}."
        case 1:
            return f"I will {draw.choice(STEPS)}, then {draw.choice(STEPS)}."
        case 2:
            return f"When {draw.choice(SYMPTOMS)}, the {part} {draw.choice(FINDINGS)}."
        case 3:
            return f"Before I change the {part}, I {draw.choice(STEPS)}."
        case _:
            return f"It {draw.choice(FINDINGS)} in {draw.randrange(2, 60)} of {draw.randrange(60, 400)} runs."


def paragraph(draw: random.Random, part: str, sentences: int) -> str:
    """So many sentences about a part of a program."""
    return " ".join([sentence(draw, part) for _ in range(sentences)])
