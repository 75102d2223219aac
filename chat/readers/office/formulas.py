"""Formulas of office files (OMML) on one line: what stands above, below or under a root is written with signs."""

from chat.readers.office.archive import Element, attribute, child, local

_LEFT_OUT = frozenset({"del", "rPr", "ctrlPr", "argPr"})


def formula_text(element: Element) -> str:
    """Return a formula, or a part of one, as text: `(a+b)/2`, `x^2`, `√(n)`."""
    match local(element):
        case "t":
            return element.text or ""
        case "f":
            return f"{_grouped(element, 'num')}/{_grouped(element, 'den')}"
        case "sSup":
            return f"{_part(element, 'e')}^{_grouped(element, 'sup')}"
        case "sSub":
            return f"{_part(element, 'e')}_{_grouped(element, 'sub')}"
        case "sSubSup":
            return f"{_part(element, 'e')}_{_grouped(element, 'sub')}^{_grouped(element, 'sup')}"
        case "rad":
            return f"{_part(element, 'deg')}√({_part(element, 'e')})"
        case "d":
            return _delimited(element)
        case "nary":
            sign = _property(element, "naryPr", "chr", "∫")
            return f"{sign}_{_grouped(element, 'sub')}^{_grouped(element, 'sup')} {_part(element, 'e')}"
    return "".join(formula_text(one) for one in element if local(one) not in _LEFT_OUT)


def _part(element: Element, name: str) -> str:
    found = child(element, name)
    return "" if found is None else formula_text(found)


def _grouped(element: Element, name: str) -> str:
    text = _part(element, name)
    return text if len(text) < 2 or text.isdigit() else f"({text})"


def _delimited(element: Element) -> str:
    opening, closing = (
        _property(element, "dPr", name, sign) for name, sign in (("begChr", "("), ("endChr", ")"))
    )
    inside = _property(element, "dPr", "sepChr", "|").join(
        formula_text(one) for one in element if local(one) == "e"
    )
    return opening + inside + closing


def _property(element: Element, group: str, name: str, usual: str) -> str:
    found = child(element, group, name)
    return usual if found is None else attribute(found, "val")
