"""`python -m infra` is `ordermade`."""

from infra.cli.main import run

run()
