"""How pages read source: sentences about an id, constants with their comments, verdicts that a rule can give."""

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import sealift
from sealift.kind import ACK, BLOCK, NOT_EVALUATED, WARN, Rule

ROOT = Path(sealift.__file__).parent
RULE_ID = re.compile(r"\b(?:R-(?:EBS|RDS|S3|SEALIFT)|SB-[A-Z]+)-\d+\b")
VERDICTS = (BLOCK, ACK, WARN, NOT_EVALUATED)


def sources() -> Iterator[tuple[str, str]]:
    """Yield (path under the repository, text) of every module of the library."""
    for path in sorted(ROOT.rglob("*.py")):
        yield path.relative_to(ROOT.parent).as_posix(), path.read_text(encoding="utf-8")


def one_line(text: str | None) -> str:
    """Return a docstring as one line."""
    return " ".join((text or "").split())


def said_of(rule_id: str) -> Iterator[tuple[str, str]]:
    """Yield (path, sentence) wherever a docstring or a comment speaks of an id."""
    for path, text in sources():
        if rule_id in text:
            for block in [*_docstrings(text), *_comments(text), *_about_constant(text, rule_id)]:
                yield from ((path, s) for s in _sentences(block) if rule_id in s)


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.;])\s+(?=[A-Z`])", one_line(text))


def _docstrings(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def _comments(text: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string.lstrip("# ")


def _about_constant(text: str, rule_id: str) -> Iterator[str]:
    # An id that is only the value of a constant: what the functions say that use the constant.
    tree = ast.parse(text)
    names = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value == rule_id
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and names & {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}:
            yield f"{one_line(ast.get_docstring(node)).rstrip('.')} ({rule_id})"


def constants(module: ModuleType) -> Iterator[tuple[str, str, str]]:
    """Yield (name, value, comment) of every assignment of a module that says in a comment where its figure comes from."""
    text = inspect.getsource(module)
    lines = text.splitlines()
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and (said := lines[node.lineno - 1].partition("  # ")[2]):
            yield _bare(node.targets[0]), _bare(node.value), said


def _bare(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text[1:-1] if isinstance(node, ast.Tuple) else text


def members(enum: type[StrEnum]) -> Iterator[tuple[str, str]]:
    """Yield (value, comment) of every member of an enum that a comment explains; without one, its name."""
    lines = inspect.getsource(enum).splitlines()
    for member in enum:
        line = next(line for line in lines if line.strip().startswith(f"{member.name} ="))
        said = re.sub(r"^noqa: \w+ - ", "", line.partition("  # ")[2])
        yield member.value, said or "-"


def verdicts(rule: Rule) -> list[str]:
    """Return the verdicts that a rule can give, as the constants that its code names."""
    found = _named(inspect.unwrap(rule.judge), set())
    return [v for v in VERDICTS if v in found]


def _named(function: Callable[..., Any], seen: set[Any]) -> set[str]:
    seen.add(function)
    found: set[str] = set()
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        if name.isupper() and value in VERDICTS:
            found.add(value)
        elif inspect.isfunction(value) and value not in seen and "kinds" in value.__module__:
            found |= _named(value, seen)
    return found


def _names(code: CodeType) -> set[str]:
    inner = (c for c in code.co_consts if isinstance(c, CodeType))
    return set(code.co_names).union(*map(_names, inner))
