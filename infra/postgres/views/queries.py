"""Queries of analysts: any SQL over the schema `view`, in a role that can read nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from infra.errors import UserError


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The rows of a query, and the names of its columns, of which none occurs twice."""

    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]

    def as_dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def run_query(analysts: ConnectionPool, query: str) -> QueryResult:
    """The result of a query, empty for a statement without one. Raises UserError."""
    with analysts.connection() as db:
        try:
            cursor = db.execute(query.encode())
            if cursor.description is None:
                return QueryResult([], [])
            names = distinct_names(column.name for column in cursor.description)
            return QueryResult(names, cursor.fetchall())
        except psycopg.errors.InsufficientPrivilege:
            raise UserError("only the schema `view` can be read, and nothing written") from None
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise UserError(f"the query fails: {error.diag.message_primary}") from None


def distinct_names(names: Iterable[str]) -> list[str]:
    """Names of columns, the repeated ones numbered: a, a becomes a, a_2.

    A number that would repeat another column's name is left out: a, a, a_2 becomes a, a_3, a_2.
    """
    given = list(names)
    taken = set(given)
    distinct: list[str] = []
    used: set[str] = set()
    for name in given:
        candidate, number = name, 2
        while candidate in used or (candidate != name and candidate in taken):
            candidate, number = f"{name}_{number}", number + 1
        used.add(candidate)
        distinct.append(candidate)
    return distinct
