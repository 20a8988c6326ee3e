"""`ordermade sql`: a query by an analyst, who can read the schema `view` and nothing else."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli.terminal import Json, open_deployment


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
    from infra.postgres.views.queries import run_query

    with open_deployment() as deployment:
        with deployment.pool("analyst") as pool:
            result = run_query(pool, query)
        if as_json:
            print_answer(deployment, result.as_dicts(), {"columns": result.columns}, None)
        else:
            table_of_columns(query, result.columns, result.rows)
            print_freshness(deployment, None)
