"""The OpenAPI document as one HTML page that loads nothing from other servers."""

from __future__ import annotations

import json
from html import escape
from typing import Any

_PAGE = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>ordermade over HTTP</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem }}
body {{ margin: 2rem auto; padding: 0 1rem }}
details {{ border-top: 1px solid #8886; padding: .4rem 0 }}
code, pre {{ font: 14px/1.4 ui-monospace, monospace }}
pre {{ background: #8882; padding: .6rem; overflow-x: auto }}
td {{ padding: 0 1rem .2rem 0; vertical-align: top }}
</style>
<h1>ordermade over HTTP</h1>
<p>{description}</p>
<p>For machines: <a href="openapi.json">openapi.json</a>.</p>
{operations}
</html>
"""


def render(document: dict[str, Any]) -> str:
    """The page: each operation with its parameters, example body and responses."""
    operations = [
        _operation(f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    description = escape(document["info"]["description"])
    return _PAGE.format(description=description, operations="\n".join(operations))


def _operation(name: str, operation: dict[str, Any]) -> str:
    parameters = [
        (f"{p['name']} ({p['in']})", p.get("description", ""))
        for p in operation.get("parameters", ())
    ]
    responses = [
        (status, response["description"]) for status, response in operation["responses"].items()
    ]
    bodies = [
        f"<p>As <code>{escape(media)}</code>:</p><pre>"
        f"{escape(json.dumps(content['examples']['one']['value'], indent=2))}</pre>"
        for media, content in operation.get("requestBody", {}).get("content", {}).items()
    ]
    return (
        f"<details><summary><code>{escape(name)}</code> {escape(operation['summary'])}</summary>"
        f"<p>{escape(operation.get('description', ''))}</p>"
        f"{_table(parameters)}{''.join(bodies)}{_table(responses)}</details>"
    )


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code><td>{escape(text)}</tr>" for name, text in rows
    )
    return f"<table>{cells}</table>" if rows else ""
