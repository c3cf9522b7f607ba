"""What is changed, one small change at a time: mutmut's operators over the functions of a module.

mutmut names the changes; which of them are tried is decided here:

* Texts for people are left alone: a string with a blank in it, an f-string, a `remedy`. A test that pins each word would
  say nothing of what a migration does. Names (rows, states, fields, operations) are strings without blanks, and are tried.
* A name is misspelt once, not also shouted and whispered; an argument becomes None, and is not also left out: where it has no
  default that cannot run, and where it has one it is often the same.
* What mutmut leaves out it leaves out for its trampolines: properties and context managers are tried here as well, for
  here a change replaces the code of a function that is in place.
"""

import ast
import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_string

FOR_PEOPLE = {"remedy"}
"""Arguments that hold a text for people, whatever makes it."""
NEVER = {"len", "isinstance"}
"""Calls that mutmut does not change: what comes of it cannot run."""


@dataclass(frozen=True)
class Mutant:
    """One change of one function, which stands at line `at` of its module; `offsets` from there are the lines whose run shows
    that a test meets it.
    """

    module: str
    function: str
    was: str
    now: str
    nth: int
    at: int
    offsets: frozenset[int]
    original: str = field(repr=False)
    changed: str = field(repr=False)

    @property
    def id(self) -> tuple[str, str, str, int]:
        """What tells it from all others, wherever its function stands in the file."""
        return (f"{self.module}.{self.function}", self.was, self.now, self.nth)

    @property
    def digest(self) -> str:
        """What tells whether its function has changed."""
        return hashlib.sha256(self.original.encode()).hexdigest()[:12]

    def code(self) -> tuple[CodeType, dict[str, object]]:
        """Compile it: the function's code, and the defaults of its parameters by name."""
        tree = ast.parse("\n" * (self.at - 1) + self.changed)
        (made,) = (n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
        whole = compile(tree, f"<changed {self.module}>", "exec")
        (code,) = (c for c in whole.co_consts if isinstance(c, CodeType) and c.co_name == made.name)
        return code, dict(_defaults(made.args))


def _defaults(args: ast.arguments) -> Iterator[tuple[str, object]]:
    places = [*args.posonlyargs, *args.args]
    pairs = [*zip(places[len(places) - len(args.defaults) :], args.defaults, strict=True)]
    pairs += [(a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is not None]
    for arg, default in pairs:
        try:
            yield arg.arg, ast.literal_eval(default)
        except ValueError:
            continue  # a name: not changed, so left as it is in place


def mutants(path: Path, module: str) -> list[Mutant]:
    """Return the changes of a module, in its order; the same source gives the same ones."""
    wrapper = MetadataWrapper(cst.parse_module(path.read_text(encoding="utf-8")))
    finder = _Finder(wrapper)
    wrapper.module.visit(finder)
    counted: dict[tuple[str, str, str], int] = {}
    found = []
    originals = {
        id(def_): _alone(wrapper.module, def_) for _, def_, _, _ in {id(f[1]): f for f in finder.found}.values()
    }
    for function, def_, node, new in finder.found:
        original, changed = originals[id(def_)], _alone(wrapper.module, def_.deep_replace(node, new))
        was, now = _difference(original, changed)
        same = counted[function, was, now] = counted.get((function, was, now), 0) + 1
        at = finder.line(def_.name)
        offsets = frozenset(line - at for line in finder.shown(node, def_))
        found.append(Mutant(module, function, was, now, same, at, offsets, original, changed))
    return found


def _alone(module: cst.Module, def_: cst.CSTNode) -> str:
    """Return the source of a function without its decorators: they are in place already."""
    assert isinstance(def_, cst.FunctionDef)
    return module.code_for_node(def_.with_changes(decorators=(), leading_lines=(), lines_after_decorators=()))


def _difference(original: str, changed: str) -> tuple[str, str]:
    """Return the lines that differ, before and after, without their indentation."""
    old, new = original.splitlines(), changed.splitlines()
    was, now = [], []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            was += [line.strip() for line in old[i1:i2]]
            now += [line.strip() for line in new[j1:j2]]
    return "\n".join(was), "\n".join(now)


class _Finder(cst.CSTVisitor):
    def __init__(self, wrapper: MetadataWrapper) -> None:
        self._places, self._parents = wrapper.resolve(PositionProvider), wrapper.resolve(ParentNodeProvider)
        self.found: list[tuple[str, cst.FunctionDef, cst.CSTNode, cst.CSTNode]] = []
        self._classes: list[str] = []
        self._def: cst.FunctionDef | None = None

    def line(self, node: cst.CSTNode) -> int:
        return int(self._places[node].start.line)

    def shown(self, node: cst.CSTNode, def_: cst.FunctionDef) -> frozenset[int]:
        """Return the lines of the statement that holds a node: of a compound one its head."""
        here: cst.CSTNode = node
        while not isinstance(here, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            here = self._parents[here]
        place = self._places[here]
        if here is def_:  # a default: whoever calls meets it
            return frozenset(range(place.start.line, place.end.line + 1))
        if isinstance(here, cst.SimpleStatementLine):
            return frozenset(range(place.start.line, place.end.line + 1))
        body = here.cases[0] if isinstance(here, cst.Match) else here.body
        return frozenset(range(place.start.line, max(place.start.line + 1, self.line(body))))

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Decorator) or _is_fixed(node):
            return False
        if isinstance(node, cst.ClassDef) and self._def is None:
            self._classes.append(node.name.value)
        elif isinstance(node, cst.FunctionDef) and self._def is None:
            self._def = node
        elif self._def is not None:
            name = ".".join((*self._classes, self._def.name.value))
            self.found += [(name, self._def, node, new) for new in _changes(node)]
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if original_node is self._def:
            self._def = None
        elif isinstance(original_node, cst.ClassDef) and self._def is None:
            self._classes.pop()


def _is_fixed(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Param) and node.default is not None:
        return not isinstance(node.default, cst.Name | cst.BaseNumber | cst.BaseString)
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in NEVER


def _changes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if _is_text(node):
        return
    for kind, operator in mutation_operators:
        if not isinstance(node, kind):
            continue
        made = operator(node)
        for new in [*made][:1] if operator is operator_string else made:
            if not _is_idle(node, new):
                yield new


def _is_text(value: cst.CSTNode) -> bool:
    """Tell whether an expression is a text for people."""
    if isinstance(value, cst.IfExp):
        return _is_text(value.body) and _is_text(value.orelse)
    return isinstance(value, cst.FormattedString | cst.ConcatenatedString) or (
        isinstance(value, cst.SimpleString) and " " in value.value
    )


def _is_idle(node: cst.CSTNode, new: cst.CSTNode) -> bool:
    """Tell whether a change is not worth a trial: it takes a text for people away, or leaves an argument out."""
    if isinstance(node, cst.Assign | cst.AnnAssign):
        return node.value is not None and _is_text(node.value)
    if isinstance(node, cst.Call) and isinstance(new, cst.Call):
        if len(new.args) < len(node.args):
            return True
        gone = [a for a in node.args if all(a is not kept for kept in new.args)]
        return bool(gone) and all(_is_text(a.value) or (a.keyword and a.keyword.value in FOR_PEOPLE) for a in gone)
    return False
