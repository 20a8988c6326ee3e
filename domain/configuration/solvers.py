"""The SAT solvers of a book, built once for each book and then asked under assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from pysat.solvers import Solver

from domain.book.book import Book, Constraint
from domain.book.cache import cached_per_book
from domain.configuration.encoding import Encoding, encode
from domain.configuration.minimal_sets import minimal_subset

SOLVER = "minisat22"


class Solvers:
    """Answers whether literals are possible under the constraints of a book.

    An answer depends on the literals alone. Threads may share the solvers: a lock serializes them.
    """

    def __init__(self, book: Book) -> None:
        self.encoding: Encoding = encode(book)
        self._lock = Lock()
        rules = [[selector] for selector in self.encoding.selectors]
        self._with_all_rules = Solver(SOLVER, bootstrap_with=self.encoding.clauses + rules)
        self._with_selectors = Solver(SOLVER, bootstrap_with=self.encoding.clauses)
        self._denials = [-x for x in range(1, self._with_all_rules.nof_vars() + 1)]

    def is_possible(self, literals: Sequence[int]) -> bool:
        """Whether some configuration has all `literals` and keeps all rules."""
        with self._lock:
            return bool(self._with_all_rules.solve(assumptions=literals))

    def forbidding_rules(self, literals: Sequence[int]) -> list[Constraint]:
        """A minimal set of rules that forbid these literals, which must not be possible.

        It is empty where the options themselves do not allow the literals.
        """

        def forbid(selectors: Sequence[int]) -> bool:
            with self._lock:
                return not self._with_selectors.solve(assumptions=[*literals, *selectors])

        selectors = self.encoding.selectors
        return [selectors[s] for s in minimal_subset([*selectors], forbid)]

    def example(self, literals: Sequence[int]) -> frozenset[int]:
        """The true literals of a possible configuration that has `literals` and chooses little.

        It is empty where there is none.
        """
        with self._lock:
            self._with_all_rules.set_phases(self._denials)
            self._with_all_rules.solve(assumptions=literals)
            return frozenset(x for x in self._with_all_rules.get_model() or () if x > 0)


solvers = cached_per_book(Solvers)
