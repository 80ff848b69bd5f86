"""What is wrong with the texts of packages: told a line each, and exit 1.

    scripts/texts [FOLDER]

In each folder with `texts/`, the three languages say the same with the same variables. Whatever
the code names is there and gets what it speaks of. And nothing is there that nobody says: a text's
name stands in the code as it is, or as an f-string such as f"command-{name}" that can make it.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from fluent.syntax import ast as ftl
from fluent.syntax import parse
from fluent.syntax.visitor import Visitor

ROOT = Path(__file__).parents[1]
LANGUAGES = ("ru", "uz", "en")

# Put before a name by whoever says it: to the operator, or of a payment's timeline.
PREFIXES = ("operator-", "event-")

# Put behind a name by whoever says it where there is no link to tell.
TWIN = "-bare"

# Said by what is not written in Python, or not yet; why stands beside it.
ELSEWHERE = {
    "oneplat-status": "by the Mini App, which asks 1Plat's ways",
    "requisite": "by whoever shows a payment's requisites",
}

Texts = dict[str, set[str]]  # a message's name: the variables it speaks of


class Spoken(Visitor):
    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.messages: set[str] = set()

    def visit_VariableReference(self, node: ftl.VariableReference) -> None:
        self.variables.add(node.id.name)

    def visit_MessageReference(self, node: ftl.MessageReference) -> None:
        self.messages.add(node.id.name)


@dataclass
class Package:
    folder: Path
    name: str
    problems: list[str] = field(default_factory=list)
    texts: dict[str, Texts] = field(default_factory=dict)
    by_others: set[str] = field(default_factory=set)  # messages that a message speaks of

    def read(self) -> None:
        for language in LANGUAGES:
            self.texts[language] = self._one(language)
        first = self.texts[LANGUAGES[0]]
        for language in LANGUAGES[1:]:
            there = self.texts[language]
            for name in sorted(first.keys() - there.keys()):
                self.problems.append(f"{self.name}: {language} lacks {name}")
            for name in sorted(there.keys() - first.keys()):
                self.problems.append(f"{self.name}: {LANGUAGES[0]} lacks {name}, {language} has it")
            for name in sorted(first.keys() & there.keys()):
                if first[name] != there[name]:
                    both = " and ".join(
                        f"{{{', '.join(sorted(each))}}}" for each in (first[name], there[name])
                    )
                    self.problems.append(
                        f"{self.name}: {name} has not the same variables in {LANGUAGES[0]} and "
                        f"{language}: {both}"
                    )

    def _one(self, language: str) -> Texts:
        path = self.folder / "texts" / f"{language}.ftl"
        if not path.exists():
            self.problems.append(f"{self.name}: there is no texts/{language}.ftl")
            return {}
        spoken: dict[str, Spoken] = {}
        for entry in parse(path.read_text("utf-8")).body:
            if isinstance(entry, ftl.Junk):
                what = (entry.content or "").strip().splitlines()[0]
                self.problems.append(f"{self.name}: {language}.ftl cannot be read at {what!r}")
            elif isinstance(entry, ftl.Message):
                if entry.id.name in spoken:
                    self.problems.append(f"{self.name}: {language} has {entry.id.name} twice")
                spoken[entry.id.name] = Spoken()
                spoken[entry.id.name].visit(entry)
        for each in spoken.values():
            self.by_others |= each.messages
            for other in each.messages & spoken.keys():
                each.variables |= spoken[other].variables
            for other in sorted(each.messages - spoken.keys()):
                self.problems.append(f"{self.name}: {language} speaks of {other}, which is missing")
        return {name: each.variables for name, each in spoken.items()}


@dataclass
class Source:
    path: Path
    tree: ast.Module

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    def literals(self) -> set[str]:
        docs = {
            id(node.value) for node in self.nodes if isinstance(node, ast.Expr)
        }  # docstrings say nothing to people
        return {
            node.value
            for node in self.nodes
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docs
        }

    def patterns(self) -> set[str]:
        """Of f-strings that can make a name, as regular expressions."""
        found = set()
        for node in self.nodes:
            if isinstance(node, ast.JoinedStr):
                pattern = "".join(
                    re.escape(str(each.value)) if isinstance(each, ast.Constant) else "([a-z0-9-]+)"
                    for each in node.values
                )
                if re.match(r"[a-z][a-z0-9]*\\-", pattern):
                    found.add(pattern)
        return found

    def loaded(self) -> set[str]:
        """The packages whose texts it takes by name."""
        return {
            str(node.args[0].value)
            for node in self.nodes
            if isinstance(node, ast.Call)
            and _called(node) == "load"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        }

    def optional(self) -> set[str]:
        """What is said only if it is there."""
        return {
            name
            for node in self.nodes
            if isinstance(node, ast.Call) and _called(node) == "has" and node.args
            for name in _names(node.args[0])
        }

    def asked(self) -> Iterator[tuple[str, set[str] | None, int]]:
        """A text's name, what it is given (None: that cannot be read off), and the line."""
        for node in self.nodes:
            if not isinstance(node, ast.Call):
                continue
            name = _name_in(node)
            if name is None:
                continue
            given: set[str] | None = {each.arg for each in node.keywords if each.arg is not None}
            if any(each.arg is None for each in node.keywords) or _called(node) in _NAMES_ONLY:
                given = None
            yield from ((each, given, node.lineno) for each in _names(name))


_NAMES_ONLY = ("MenuItem", "Message")


def _name_in(node: ast.Call) -> ast.expr | None:
    """Where a call names a text: t("…"), t.html("…"), ….say(language, "…"), MenuItem("…")."""
    called, func = _called(node), node.func
    speaks = isinstance(func, ast.Call) and _called(func) == "Speaker"
    html = (
        isinstance(func, ast.Attribute)
        and func.attr == "html"
        and isinstance(func.value, ast.Name)
        and func.value.id == "t"
    )
    if speaks or html or (isinstance(func, ast.Name) and called in ("t", *_NAMES_ONLY)):
        if called == "Message" and any(each.arg == "app" for each in node.keywords):
            return None  # another package's
        texts = [each.value for each in node.keywords if each.arg == "text"]
        return node.args[0] if node.args else texts[0] if texts and called in _NAMES_ONLY else None
    if isinstance(func, ast.Attribute) and called == "say" and len(node.args) > 1:
        return node.args[1]
    return None


def _called(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", None) or getattr(node.func, "id", ""))


def _names(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _names(node.body)
        yield from _names(node.orelse)


def check(root: Path, *, prefixes: tuple[str, ...] = PREFIXES) -> list[str]:
    """`root` is a package's folder, with all below it."""
    packages = {}
    for folder in sorted(path.parent for path in root.rglob("texts") if any(path.glob("*.ftl"))):
        name = ".".join((root.name, *folder.relative_to(root).parts))
        packages[name] = Package(folder, name)
        packages[name].read()
    sources = [Source(each, ast.parse(each.read_text("utf-8"))) for each in root.rglob("*.py")]
    problems = [problem for package in packages.values() for problem in package.problems]
    for source in sorted(sources, key=lambda each: each.path):
        problems += _missing(source, root, packages)
    problems += _unused(sources, packages, prefixes)
    return problems


def _missing(source: Source, root: Path, packages: dict[str, Package]) -> Iterator[str]:
    own = [each for each in packages.values() if source.path.is_relative_to(each.folder)]
    near = max(own, key=lambda each: len(each.name), default=None)
    wanted = [packages[name] for name in sorted(source.loaded() & packages.keys())]
    where = ([near] if near else []) + wanted or list(packages.values())
    skipped = source.optional()
    for name, given, line in source.asked():
        there = [each.texts[LANGUAGES[0]] for each in where if name in each.texts[LANGUAGES[0]]]
        at = f"{source.path.relative_to(root.parent)}:{line}"
        if name in skipped or not name:
            continue
        if not there:
            yield f"{at}: there is no text {name}"
        elif given is not None and not any(each[name] <= given for each in there):
            lacks = ", ".join(sorted(there[0][name] - given))
            yield f"{at}: {name} is not given {lacks}"


def _unused(
    sources: list[Source], packages: dict[str, Package], prefixes: tuple[str, ...]
) -> Iterator[str]:
    literals = {each.replace("_", "-") for source in sources for each in source.literals()}
    patterns = {each for source in sources for each in source.patterns()}
    patterns |= {re.escape(each) + "([a-z0-9-]+)" for each in prefixes}

    def used(name: str) -> bool:
        name = name.removesuffix(TWIN)
        if name in literals:
            return True
        found = [match for each in patterns if (match := re.fullmatch(each, name))]
        return any(all(used(part) for part in match.groups()) for match in found)

    for package in packages.values():
        for name in package.texts[LANGUAGES[0]]:
            if name not in package.by_others and name not in ELSEWHERE and not used(name):
                yield f"{package.name}: nobody says {name}"


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "src" / "kassa"
    problems = check(root.resolve())
    print("\n".join(problems), end="\n" if problems else "")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
