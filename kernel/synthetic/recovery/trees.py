"""`Trees`: which page belongs to which table or index, also where the pages between them are gone."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from synthetic.recovery.cells import TABLE_INNER, TABLE_LEAF, Cell, Page, read_page
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
        # By number of the page, so that a large file takes a few bytes for each; 0: not known.
        self._kinds = bytearray(file.count + 1)
        self._parents = array("I", bytes(4 * (file.count + 1)))
        self._roots = array("I", bytes(4 * (file.count + 1)))
        self._pages: dict[int, array[int]] = {}
        self._gone: dict[int, int] = defaultdict(int)
        # The pages that name one below them which is beyond the end of the file.
        self._cut = array("I")
        self._look_at_all(go_on)
        self._sort_pages(range(1, file.count + 1))

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
        """Whether a tree is a table with rowids; None: none of its pages can be read, or they are of both kinds."""
        kinds = {self._kinds[number] in (TABLE_INNER, TABLE_LEAF) for number in self._pages.get(root, ())}
        return kinds.pop() if len(kinds) == 1 else None

    def believe(self, roots: Iterable[int]) -> set[int]:
        """Take pages for roots that the schema names, where the pointer map does not say so.

        Returns:
            Those that are roots, or were: not those that are of another tree, or of none.
        """
        believed: set[int] = set()
        for root in roots:
            if root > self.file.count:
                self._gone[root] += 1
            elif root < SCHEMA_ROOT or not self._is_root(root):
                continue
            elif not self._roots[root]:
                self._roots[root] = root
                if not self._kinds[root]:
                    self._gone[root] += 1
                    self._pages.setdefault(root, array("I"))
            believed.add(root)
        self._sort_pages(self._pages.pop(0, array("I")))
        return believed

    def _is_root(self, number: int) -> bool:
        """Whether a page that the schema names may be a root, by what is known of it otherwise."""
        if self._roots[number]:
            return self._roots[number] == number
        return self.file.holds_content(number) and self.file.pointer(number) is None

    def _look_at_all(self, go_on: Callable[[int], None]) -> None:
        """Learn of each page what it is and what is above it, by the pointer map and by the inner pages."""
        for number in range(1, self.file.count + 1):
            go_on(self.file.page_size)
            if not self.file.holds_content(number):
                continue
            pointer = self.file.pointer(number)
            if pointer is not None and pointer.kind not in (ROOT, TREE):
                continue
            if number == SCHEMA_ROOT or (pointer is not None and pointer.kind == ROOT):
                self._roots[number] = number
            elif pointer is not None:
                self._parents[number] = pointer.parent
            page = read_page(self.file, number, with_cells=False)
            if page is not None:
                self._kinds[number] = page.kind
                for child in page.children:
                    self._adopt(child, number)

    def _adopt(self, child: int, parent: int) -> None:
        """Believe an inner page that a page is below it, unless the pointer map says otherwise."""
        if child > self.file.count:
            self._cut.append(parent)
        if not 1 < child <= self.file.count or self._parents[child]:
            return
        if self.file.pointer(child) in (None, Pointer(TREE, parent)):
            self._parents[child] = parent

    def _sort_pages(self, numbers: Iterable[int]) -> None:
        """Put pages to the trees that they are of; what is of no tree that is known, to those of root 0."""
        for number in numbers:
            if not (self._kinds[number] or self._parents[number] or self._roots[number]):
                continue
            root = self._root_of(number)
            if self._kinds[number]:
                self._pages.setdefault(root, array("I")).append(number)
            elif root:
                self._gone[root] += 1
                # A tree of which nothing is left is a tree all the same.
                self._pages.setdefault(root, array("I"))
        cut, self._cut = self._cut, array("I")
        for number in cut:
            root = self._root_of(number)
            if root:
                self._gone[root] += 1
            else:
                self._cut.append(number)

    def _root_of(self, number: int) -> int:
        """The root of a page's tree; 0: it is not known."""
        path: list[int] = []
        while not self._roots[number]:
            path.append(number)
            number = self._parents[number]
            if number == 0 or number in path:
                return 0
        for each in path:
            self._roots[each] = self._roots[number]
        return self._roots[number]
