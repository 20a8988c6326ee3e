"""The SAT solvers of a book: built once for each version, and asked under assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from pysat.solvers import Solver

from domain.book.book import Book, Constraint
from domain.book.cache import cached_per_book
from domain.configuration.encoding import Encoding, encode
from domain.configuration.minimal import minimal

SOLVER = "minisat22"


class Solvers:
    """Answers follow from the question alone. Threads may share them: each is asked in turn."""

    def __init__(self, book: Book) -> None:
        self.encoding: Encoding = encode(book)
        self._lock = Lock()
        rules = [[selector] for selector in self.encoding.selectors]
        self._all = Solver(SOLVER, bootstrap_with=self.encoding.clauses + rules)
        self._denied = [-x for x in range(1, self._all.nof_vars() + 1)]
        self._each = Solver(SOLVER, bootstrap_with=self.encoding.clauses)

    def possible(self, literals: Sequence[int]) -> bool:
        """Whether some configuration has all of `literals` and keeps all rules."""
        with self._lock:
            return bool(self._all.solve(assumptions=literals))

    def forbidding(self, literals: Sequence[int]) -> list[Constraint]:
        """Of `literals` that are not possible: the rules that forbid them, no rule of which could
        be left out. None where the options themselves do not allow it.
        """

        def forbid(selectors: Sequence[int]) -> bool:
            with self._lock:
                return not self._each.solve(assumptions=[*literals, *selectors])

        return [self.encoding.selectors[s] for s in minimal([*self.encoding.selectors], forbid)]

    def example(self, literals: Sequence[int]) -> frozenset[int]:
        """What is true in one such configuration, preferably little; nothing if there is none."""
        with self._lock:
            self._all.set_phases(self._denied)
            self._all.solve(assumptions=literals)
            return frozenset(x for x in self._all.get_model() or () if x > 0)


solvers = cached_per_book(Solvers)
