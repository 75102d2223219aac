"""Exact arithmetic. An expression is parsed as a tree of numbers and operations and never executed as code."""

import ast
import math
import operator
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from chat.tools.result import ToolFailed

MAX_CHARACTERS = 1_000
MAX_BITS = 13_000  # of a numerator or denominator: some 3,900 digits, below Python's own limit for printing
PLACES = 30

BINARY: dict[type[ast.operator], Callable[[Fraction, Fraction], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
UNARY: dict[type[ast.unaryop], Callable[[Fraction], Fraction]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}


def evaluate(expression: str) -> Fraction:
    """Return the exact value of an expression.

    Raises:
        ToolFailed: it can't be parsed, can't be computed, or would grow beyond `MAX_BITS`.
    """
    if len(expression) > MAX_CHARACTERS:
        raise ToolFailed(f"The expression is longer than {MAX_CHARACTERS} characters.")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        return _value(tree.body, expression.strip())
    except ZeroDivisionError:
        raise ToolFailed("Division by zero.") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ToolFailed("This is no expression that the calculator can read.") from None


def format_number(value: Fraction) -> str:
    """Return a number exactly: as a decimal if it ends, otherwise as a fraction with its first digits."""
    if value.denominator == 1:
        return str(value.numerator)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return _decimal(value, exact=True) if rest == 1 else f"{value} ≈ {_decimal(value, exact=False)}"


def _decimal(value: Fraction, *, exact: bool) -> str:
    with localcontext() as context:
        context.prec = (
            value.numerator.bit_length() + 2 * value.denominator.bit_length() + 10 if exact else PLACES
        )
        number = Decimal(value.numerator) / Decimal(value.denominator)
        return f"{number.normalize():f}"


def _number(text: str) -> Fraction:
    """Return the exact value of a literal. As a float, 0.1 would be a different number."""
    _digits, _, exponent = text.lower().partition("e")
    if exponent and abs(int(exponent)) > MAX_CHARACTERS:
        raise ToolFailed("A number in this expression gets too long.")
    return _checked(Fraction(text))


def _value(node: ast.AST, source: str) -> Fraction:
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return _number((ast.get_source_segment(source, node) or "").replace("_", ""))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in UNARY:
            return UNARY[type(op)](_value(operand, source))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left, source), _value(right, source))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return _checked(Fraction(BINARY[type(op)](_value(left, source), _value(right, source))))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return _call_function(name, [_value(argument, source) for argument in arguments])
    raise ToolFailed(
        f"The calculator knows numbers, + - * / // % **, brackets and {', '.join(sorted(FUNCTIONS))}."
    )


def _checked(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise ToolFailed("A number in this expression gets too long.")
    return value


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise ToolFailed("Exponents have to be whole numbers; there is sqrt for square roots.")
    if base in (0, 1, -1):
        if not base and exponent < 0:
            raise ZeroDivisionError
        return Fraction(1) if not exponent else base if exponent % 2 else abs(base)
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if size * abs(exponent.numerator) > 2 * MAX_BITS:
        raise ToolFailed("A number in this expression gets too long.")
    return _checked(Fraction(base**exponent.numerator))


def _call_function(name: str, values: list[Fraction]) -> Fraction:
    try:
        return _checked(Fraction(FUNCTIONS[name](*values)))
    except TypeError:
        raise ToolFailed(f"{name} was given the wrong number of values.") from None


def _whole_number(value: Fraction, name: str, limit: int = 1_400) -> int:
    if value.denominator != 1 or not 0 <= value <= limit:
        raise ToolFailed(f"{name} takes whole numbers from 0 to {limit}.")
    return value.numerator


def _sqrt(value: Fraction) -> Fraction:
    """Return the exact root if it is rational, otherwise its first digits."""
    if value < 0:
        raise ToolFailed("There is no real square root of a negative number.")
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    scale = 10 ** (2 * PLACES)
    return Fraction(math.isqrt(value.numerator * scale // value.denominator), 10**PLACES)


def _round(value: Fraction, places: Fraction = Fraction(0)) -> Fraction:
    """Return the value rounded half away from zero, as in everyday use."""
    scale = Fraction(10) ** _whole_number(places, "round", 100)
    half = Fraction(1, 2) if value >= 0 else Fraction(-1, 2)
    return Fraction(math.trunc(value * scale + half)) / scale


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "comb": lambda n, k: math.comb(_whole_number(n, "comb"), _whole_number(k, "comb")),
    "factorial": lambda n: math.factorial(_whole_number(n, "factorial")),
    "floor": math.floor,
    "max": lambda first, *rest: max(first, *rest) if rest else first,
    "min": lambda first, *rest: min(first, *rest) if rest else first,
    "round": _round,
    "sqrt": _sqrt,
}
