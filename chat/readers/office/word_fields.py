"""Fields of Word documents: which text is a field's instruction, and what form fields show."""

from chat.readers.office.archive import Element, attribute, child, descendants, is_on, local

_DELETED = frozenset({"del", "moveFrom"})


class Fields:
    """The open fields at one place of a part, which is met element by element in document order."""

    def __init__(self, root: Element) -> None:
        # Some programs leave fields open. There, the rest of the text would look like an instruction.
        self._whole = _are_whole(root)
        self._begun: list[bool] = []  # for each open field, whether its result has begun

    @property
    def shown(self) -> bool:
        """Whether text at this place is shown."""
        return not self._whole or all(self._begun)

    def meet(self, mark: Element) -> str:
        """Note the beginning, the separator or the end of a field; return what Word shows in its place."""
        match attribute(mark, "fldCharType"):
            case "begin":
                shown = _form_text(mark) if self.shown else ""
                self._begun.append(False)
                return shown
            case "separate" if self._begun:
                self._begun[-1] = True
            case "end" if self._begun:
                self._begun.pop()
        return ""


def _are_whole(root: Element) -> bool:
    depth = 0
    for mark in descendants(root, "fldChar"):
        if not any(local(one) in _DELETED for one in mark.iterancestors()):
            depth += {"begin": 1, "end": -1}.get(attribute(mark, "fldCharType"), 0)
        if depth < 0:
            return False
    return depth == 0


def _form_text(mark: Element) -> str:
    """Return the tick of a check box, or the chosen entry of a list."""
    form = child(mark, "ffData")
    if form is None:
        return ""
    box, choice = child(form, "checkBox"), child(form, "ddList")
    if box is not None:
        state = child(box, "checked") if child(box, "checked") is not None else child(box, "default")
        return "☒" if is_on(state) else "☐"
    if choice is None:
        return ""
    entries = [attribute(one, "val") for one in choice if local(one) == "listEntry"]
    result = child(choice, "result")
    chosen = 0 if result is None else int(attribute(result, "val"))
    return next(iter(entries[chosen : chosen + 1]), "")
