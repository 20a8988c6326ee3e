"""Prices computed again from their recorded inputs: one explained, or all verified."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from consumers.questions.prices import (
    ExplainedLine,
    PriceExplanation,
    PriceVerification,
    explain_price,
    verify_prices,
)
from domain.pricing.quote import QuoteInput
from infra.http import examples, openapi
from infra.http.bodies import json_response
from infra.http.connection import DeploymentConnection

_EXPLANATION = PriceExplanation(
    order="8",
    quote="Q1",
    engine="book.v1",
    total=Decimal("101.15"),
    currency="EUR",
    identical=True,
    rows=[
        ExplainedLine(
            line="L1",
            rule="letters",
            words="A letter of a monogram",
            basis="1 × 4 × 1.50",
            amount=Decimal("6.00"),
            again=Decimal("6.00"),
            same=True,
        )
    ],
    inputs=[QuoteInput(name="book", value="shirts")],
    differences=[],
    books=[],
)
_EXPLAINED = openapi.responses(
    404,
    409,
    422,
    s200=(
        "The price, rule by rule, as stored and as computed now.",
        openapi.json_content(PriceExplanation, _EXPLANATION),
    ),
)
_VERIFIED = openapi.responses(
    s200=(
        "How many prices differ, and where.",
        openapi.json_content(
            PriceVerification, PriceVerification(quotes=7, differing=0, rows=[], books=[])
        ),
    )
)


def make_router(connection: DeploymentConnection) -> APIRouter:
    """`GET /v1/prices/…` and `GET /v1/orders/{order_id}/quotes/{quote_id}/explanation`."""
    router = APIRouter()

    @router.get(
        "/v1/orders/{order_id:path}/quotes/{quote_id}/explanation",
        operation_id="explain-quote",
        tags=["orders"],
        summary="How the price of a quote or of a change order came about.",
        responses=_EXPLAINED,
        response_class=Response,
    )
    def explain_quote(
        order_id: Annotated[
            str,
            Path(
                description="The order's id.",
                pattern="^[^\\x00-\\x1f\\x7f]{1,190}$",
                examples=["order-place"],
            ),
        ],
        quote_id: Annotated[
            str,
            Path(
                description="The id of the quote, or of a change order with a price.",
                pattern="^[^/\\x00-\\x1f\\x7f]{1,200}$",
                examples=["Q1"],
            ),
        ],
    ) -> Response:
        """`identical` is false where the price computed now is not the stored one.

        So it is, too, where the book is not as it was published.
        """
        return _explain(f"{order_id}/{quote_id}")

    @router.get(
        "/v1/prices/{event_id}/explanation",
        operation_id="explain-price",
        tags=["prices"],
        summary="How the price that an event recorded came about.",
        responses=_EXPLAINED,
        response_class=Response,
    )
    def explain_event(
        event_id: Annotated[
            UUID,
            Path(
                description="The id of the event that recorded the price.",
                examples=[examples.QUOTE_EVENT_ID],
            ),
        ],
    ) -> Response:
        return _explain(str(event_id))

    @router.get(
        "/v1/prices/verification",
        operation_id="verify-prices",
        tags=["prices"],
        summary="Compute every price that was ever issued again, and compare.",
        responses=_VERIFIED,
        response_class=Response,
    )
    def verify() -> Response:
        """Takes about a second for 1,000 prices. Up to 1,000 differences are listed."""
        deployment = connection.deployment
        heads = deployment.envelopes.heads()
        return json_response(verify_prices(deployment.issued_prices, deployment.books, heads))

    def _explain(name: str) -> Response:
        deployment = connection.deployment
        return json_response(explain_price(name, deployment.issued_prices, deployment.books))

    return router
