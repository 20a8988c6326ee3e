"""The versions of a catalogue's book: shown, compared, and where their options are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from consumers.questions.books import (
    AffectedChoice,
    BookDifference,
    affected_choices,
    book_differences,
    describe_version,
    find_version,
)
from domain.book.book import Book
from infra.deployment import Deployment
from infra.http import examples, openapi
from infra.http.bodies import json_response
from infra.http.connection import DeploymentConnection
from infra.http.min_position import MinPosition, ViewTimeout, wait_for_views

_LATEST = "latest"


class BookDifferences(msgspec.Struct, frozen=True):
    """A row for each term or part that is not the same in the two versions."""

    rows: Sequence[BookDifference]


class AffectedChoices(msgspec.Struct, frozen=True):
    """A row for each open order or design in which the option is chosen."""

    rows: Sequence[AffectedChoice]


_Name = Annotated[
    str,
    Path(
        description="The name of the catalogue's book.",
        pattern="^[^\\x00-\\x1f\\x7f]{1,190}$",
        examples=[examples.BOOK],
    ),
]
_Version = Annotated[
    str,
    Path(
        description="A number; or `latest`, which may be a draft.",
        pattern=f"^([1-9][0-9]{{0,8}}|{_LATEST})$",
        examples=["1"],
    ),
]
_BOOK = openapi.json_object(
    "BookVersion",
    "A version of a book: the arguments of `catalogue-draft`, and who wrote and approved it.",
    {
        **examples.COMMANDS["catalogue", "draft"],
        "book": examples.BOOK,
        "version": 1,
        "author": "clerk-1",
        "approver": None,
        "published": False,
        "rules_hash": None,
    },
)
_DIFFERENCES = BookDifferences(
    rows=[BookDifference(part="prices", name="shirt.amount", old="70.00", new="72.00")]
)
_AFFECTED = AffectedChoices(
    rows=[
        AffectedChoice(
            subject="order/8", status="placed", line_id="L1", option="monogram", value="script"
        )
    ]
)


def make_router(connection: DeploymentConnection) -> APIRouter:
    """`GET /v1/catalogues/{book}/versions/{version}`, its differences, and affected choices."""
    router = APIRouter(tags=["catalogues"])

    @router.get(
        "/v1/catalogues/{book:path}/versions/{version}",
        operation_id="read-book",
        summary="A version of a book, without what was withdrawn since.",
        responses=openapi.responses(404, 422, s200=("The version.", _BOOK)),
        response_class=Response,
    )
    def read_book(book: _Name, version: _Version) -> Response:
        books = connection.deployment.books
        return json_response(describe_version(find_version(book, _number(version), books)))

    @router.get(
        "/v1/catalogues/{book:path}/versions/{version}/differences",
        operation_id="compare-books",
        summary="How a version differs from another.",
        responses=openapi.responses(
            404, 422, s200=("Differences.", openapi.json_content(BookDifferences, _DIFFERENCES))
        ),
        response_class=Response,
    )
    def compare_books(
        book: _Name,
        version: _Version,
        old: Annotated[
            str,
            Query(
                description="The version to compare with: a number, or `latest`.",
                pattern=f"^([1-9][0-9]{{0,8}}|{_LATEST})$",
                examples=["1"],
            ),
        ],
        old_book: Annotated[
            str | None,
            Query(
                description="Its book, if that is another.",
                pattern="^[^\\x00-\\x1f\\x7f]{1,190}$",
                examples=[examples.BOOK],
            ),
        ] = None,
    ) -> Response:
        deployment = connection.deployment
        before, after = _book(deployment, old_book or book, old), _book(deployment, book, version)
        return json_response(BookDifferences(book_differences(before, after)))

    @router.get(
        "/v1/catalogues/{book:path}/affected",
        operation_id="list-affected",
        summary="Open orders and designs with an option: whom its withdrawal affects.",
        responses=openapi.responses(
            409, 422, 504, s200=("Choices.", openapi.json_content(AffectedChoices, _AFFECTED))
        ),
        response_class=Response,
    )
    async def list_affected(
        book: _Name,
        option: Annotated[str, Query(description="The option.", examples=["monogram"])],
        value: Annotated[
            list[str],
            Query(description="A value, as often as needed; without one: any.", max_length=1000),
        ] = [],  # noqa: B006
        min_position: MinPosition = None,
        timeout_s: ViewTimeout = 5,
    ) -> Response:
        deployment = connection.deployment
        await wait_for_views(deployment, ["backlog", "designs"], min_position, timeout_s)
        rows = await run_in_threadpool(affected_choices, book, option, value, deployment.views)
        return json_response(AffectedChoices(rows))

    return router


def _book(deployment: Deployment, name: str, version: str) -> Book:
    return find_version(name, _number(version), deployment.books).book


def _number(version: str) -> int | None:
    return None if version == _LATEST else int(version)
