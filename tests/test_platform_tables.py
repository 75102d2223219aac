"""The tables of docs/platforms.md agree with the code."""

from scripts.platform_tables import FILE, tables, with_tables


def test_the_document_is_up_to_date() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert with_tables(text) == text, "run python -m scripts.platform_tables"
    assert all(table in text for table in tables().values())
