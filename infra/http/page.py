"""The OpenAPI document as one page for people, whole in itself: it loads nothing from elsewhere."""

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
<p>{said}</p>
<p>For machines: <a href="openapi.json">openapi.json</a>.</p>
{operations}
</html>
"""


def page(document: dict[str, Any]) -> str:
    operations = [
        _operation(f"{method.upper()} {path}", told)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]
    said = escape(document["info"]["description"])
    return _PAGE.format(said=said, operations="\n".join(operations))


def _operation(name: str, told: dict[str, Any]) -> str:
    parameters = [
        (f"{p['name']} ({p['in']})", p.get("description", "")) for p in told.get("parameters", ())
    ]
    answers = [(status, answer["description"]) for status, answer in told["responses"].items()]
    bodies = [
        f"<p>As <code>{escape(media)}</code>:</p><pre>"
        f"{escape(json.dumps(content['examples']['one']['value'], indent=2))}</pre>"
        for media, content in told.get("requestBody", {}).get("content", {}).items()
    ]
    return (
        f"<details><summary><code>{escape(name)}</code> {escape(told['summary'])}</summary>"
        f"<p>{escape(told.get('description', ''))}</p>"
        f"{_table(parameters)}{''.join(bodies)}{_table(answers)}</details>"
    )


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code><td>{escape(said)}</tr>" for name, said in rows
    )
    return f"<table>{cells}</table>" if rows else ""
