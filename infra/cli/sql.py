"""`ordermade sql`: a query by an analyst, who can read the schema `view` and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.terminal import Json, open_deployment
from infra.errors import UserError

if TYPE_CHECKING:
    from infra.deployment import Deployment


def sql(
    query: Annotated[str, typer.Argument(help="SQL over the schema `view`.")],
    as_json: Json = False,
) -> None:
    """Query the views in SQL, as an analyst.

    An analyst can read the schema `view` and nothing else: customers who consent to `analyse`, and
    no personal column.
    """
    from infra.cli.answers import print_answer, print_freshness
    from infra.cli.tables import table_of_columns

    with open_deployment() as deployment:
        columns, rows = _query(deployment, query)
        if as_json:
            dicts = [dict(zip(columns, row, strict=True)) for row in rows]
            print_answer(deployment, dicts, {}, None)
        else:
            table_of_columns(query, columns, rows)
            print_freshness(deployment, None)


def _query(deployment: Deployment, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The column names and rows that the query returns. Raises UserError for an SQL error."""
    import psycopg

    with deployment.pool("analyst") as pool, pool.connection() as db:
        try:
            cursor = db.execute(query.encode())
            if cursor.description is None:
                return [], []
            return numbered([c.name for c in cursor.description]), cursor.fetchall()
        except psycopg.errors.InsufficientPrivilege:
            raise UserError("only the schema `view` can be read, and nothing written") from None
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise UserError(f"the query fails: {error.diag.message_primary}") from None


def numbered(names: Sequence[str]) -> list[str]:
    """Return column names made unique: the second `count` is `count_2`."""
    result: list[str] = []
    for name in names:
        unique, n = name, 1
        while unique in result:
            n += 1
            unique = f"{name}_{n}"
        result.append(unique)
    return result
