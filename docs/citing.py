"""Sources in the docstrings of conformance tests: a test names rules by id, and this writes below where each comes from.

The registry `sealift.sandbox.RULES` is the one place where a source is said; `make docs` copies it, `docs-check` compares.
"""

import ast
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

from sealift.sandbox import RULES

FOLDER = Path(__file__).parents[1] / "tests" / "conformance"
RULE_ID = re.compile(r"\b(?:R-EBS|R-RDS|SB-[A-Z0-9]+)-\d+\b")
WIDTH = 120
_WRITTEN = re.compile(r"\n+ *Source [A-Z0-9-]+:.*", re.DOTALL)

Test = ast.FunctionDef | ast.AsyncFunctionDef


def files() -> dict[Path, str]:
    """Return every file of the suite as it should be now, by its path."""
    return {path: cited(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("test_*.py"))}


def tests(text: str) -> Iterator[Test]:
    """Yield the test functions of a file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Test) and node.name.startswith("test_"):
            yield node


def rules_of(test: Test) -> list[str]:
    """Return the ids of the rules that a test's docstring names, in its order."""
    return list(dict.fromkeys(RULE_ID.findall(_WRITTEN.sub("", ast.get_docstring(test) or ""))))


def cited(text: str) -> str:
    """Return a file with the sources below the docstrings of its tests."""
    lines = text.splitlines(keepends=True)
    for test in sorted(tests(text), key=lambda t: -t.lineno):
        first = test.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and first.end_lineno:
            lines[first.lineno - 1 : first.end_lineno] = [_docstring(test, " " * first.col_offset)]
    return "".join(lines)


def _docstring(test: Test, indent: str) -> str:
    said = _WRITTEN.sub("", ast.get_docstring(test) or "").strip()
    said = textwrap.indent(said, indent).strip().replace("\\", "\\\\")
    bare = not RULE_ID.sub("", said).strip(" ,.")
    sources = [_line(i, bare) for i in rules_of(test) if i in RULES]
    if not sources:
        return f'{indent}"""{said}\n{indent}"""\n' if "\n" in said else f'{indent}"""{said}"""\n'
    return f'{indent}"""{said}\n\n' + "".join(map(_wrapped(indent), sources)) + f'{indent}"""\n'


def _line(rule: str, sentence: bool) -> str:
    """Return the line for a rule; with its sentence where the test says none of its own."""
    found = RULES[rule]
    guess = " (guess)" if found.guess and "guess" not in found.source else ""
    return f"Source {rule}: {found.says + ' ' if sentence else ''}{found.source}{guess}."


def _wrapped(indent: str) -> Callable[[str], str]:
    more = textwrap.TextWrapper(
        width=WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lambda line: more.fill(line) + "\n"
