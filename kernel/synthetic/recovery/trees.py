"""`Trees`: which page belongs to which table or index, also where the pages between them are gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from synthetic.recovery.cells import Cell, Page, read_page
from synthetic.recovery.pages import ROOT, TREE, PageFile, Pointer

SCHEMA_ROOT = 1


class Trees:
    """The trees of a database file.

    Attributes:
        file: The pages.
    """

    def __init__(self, file: PageFile, go_on: Callable[[int], None]) -> None:
        """Find the tree of every page.

        Args:
            file: The pages.
            go_on: Told of each page's bytes; raises where the work should stop.
        """
        self.file = file
        self._roots: dict[int, int] = {SCHEMA_ROOT: SCHEMA_ROOT}
        self._pages: dict[int, list[int]] = defaultdict(list)
        self._gone: dict[int, int] = defaultdict(int)
        self._kinds: dict[int, int] = {}
        self._parents: dict[int, int] = {}
        self._look_at_all(go_on)
        self._find_roots()

    @property
    def roots(self) -> list[int]:
        """The roots of all trees that have a page left, or whose root is known by the pointer map."""
        return sorted(self._pages)

    def gone(self, root: int) -> int:
        """How many pages of a tree are known to be gone."""
        return self._gone.get(root, 0)

    @property
    def strays(self) -> int:
        """Pages with rows or entries of which it cannot be told whose they are."""
        return len(self._pages.get(0, ()))

    def pages(self, root: int) -> Iterator[Page]:
        """The pages of a tree that can be read, with what stands on them."""
        for number in self._pages.get(root, ()):
            page = read_page(self.file, number)
            if page is not None:
                yield page

    def stray_cells(self) -> Iterator[tuple[int, Cell]]:
        """What stands on pages of which it cannot be told whose they are, with the page."""
        for number in self._pages.get(0, ()):
            page = read_page(self.file, number)
            for cell in () if page is None else page.cells:
                yield number, cell

    def is_of_table(self, root: int) -> bool | None:
        """Whether a tree is a table with rowids; None: none of its pages can be read."""
        kinds = {self._kinds[number] in (5, 13) for number in self._pages.get(root, ()) if number in self._kinds}
        return kinds.pop() if len(kinds) == 1 else None

    def _look_at_all(self, go_on: Callable[[int], None]) -> None:
        """Learn of each page what it is, and from inner pages which are below them."""
        below: dict[int, list[int]] = {}
        for number in range(1, self.file.count + 1):
            go_on(self.file.page_size)
            if not self.file.holds_content(number):
                continue
            pointer = self.file.pointer(number)
            if pointer is not None and pointer.kind not in (ROOT, TREE):
                continue
            page = read_page(self.file, number, with_cells=False)
            if page is not None:
                self._kinds[number] = page.kind
                below[number] = page.children
            if pointer is not None and pointer.kind == TREE:
                self._parents[number] = pointer.parent
        for parent, children in below.items():
            for child in children:
                self._adopt(child, parent)

    def _adopt(self, child: int, parent: int) -> None:
        """Believe an inner page that a page is below it, unless the pointer map says otherwise."""
        if 1 < child <= self.file.count and self.file.pointer(child) in (None, Pointer(TREE, parent)):
            self._parents.setdefault(child, parent)

    def _find_roots(self) -> None:
        listed = set(self._kinds) | set(self._parents)
        for number in range(2, self.file.count + 1):
            pointer = self.file.pointer(number) if self.file.holds_content(number) else None
            if pointer is not None and pointer.kind == ROOT:
                self._roots[number] = number
                listed.add(number)
        listed.add(SCHEMA_ROOT)
        for number in sorted(listed):
            root = self._root_of(number)
            if number in self._kinds:
                self._pages[root].append(number)
            elif root:
                self._gone[root] += 1
                # A tree of which nothing is left is a tree all the same.
                self._pages.setdefault(root, [])

    def _root_of(self, number: int) -> int:
        """The root of a page's tree; 0: it is not known."""
        path: list[int] = []
        while number not in self._roots:
            path.append(number)
            number = self._parents.get(number, 0)
            if number == 0 or number in path:
                number = 0
                break
        root = self._roots.get(number, 0)
        for each in path:
            self._roots[each] = root
        return root

    def believe(self, roots: Iterable[int]) -> None:
        """Take pages for roots that the schema names, where the pointer map does not say so."""
        strays = self._pages.pop(0, [])
        for root in roots:
            if root not in self._pages:
                self._roots[root] = root
        for number in [each for each, root in self._roots.items() if root == 0]:
            del self._roots[number]
        for number in strays:
            self._pages[self._root_of(number)].append(number)
