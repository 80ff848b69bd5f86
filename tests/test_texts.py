"""Texts: what is said, in which language, and that nothing the code asks for is missing."""

import ast
import secrets
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from fluent.syntax import ast as ftl
from fluent.syntax import parse
from fluent.syntax.visitor import Visitor

from kassa import texts
from kassa.money import Money
from kassa.payments import Status
from kassa.payments.providers.oneplat_wire import _REQUISITES
from kassa.payments.providers.protocol import Why
from kassa.payments.providers.yookassa import METHODS
from kassa.texts import LANGUAGES, NoSuchText

PACKAGES = ["kassa.payments"]
PAYMENTS = texts.load("kassa.payments")

NBSP = "\N{NO-BREAK SPACE}"


class Read(Visitor):
    """Which variables a message speaks of, and which other messages."""

    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.messages: set[str] = set()
        self.variants: set[str] = set()

    def visit_VariableReference(self, node: ftl.VariableReference) -> None:
        self.variables.add(node.id.name)

    def visit_MessageReference(self, node: ftl.MessageReference) -> None:
        self.messages.add(node.id.name)

    def visit_Variant(self, node: ftl.Variant) -> None:
        key = node.key
        self.variants.add(key.name if isinstance(key, ftl.Identifier) else key.value)
        self.generic_visit(node)


def read(package: str, language: str) -> dict[str, Read]:
    source = (files(package) / "texts" / f"{language}.ftl").read_text("utf-8")
    found: dict[str, Read] = {}
    for entry in parse(source).body:
        assert isinstance(entry, ftl.Message | ftl.BaseComment), entry
        if isinstance(entry, ftl.Message):
            assert entry.id.name not in found, f"{entry.id.name} is there twice"
            one = found[entry.id.name] = Read()
            one.visit(entry)
    for one in found.values():
        for other in one.messages:
            one.variables |= found[other].variables
    return found


# -- the files ---------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("package", PACKAGES)
def test_a_language_says_what_the_first_one_says_with_the_same_variables(
    package: str, language: str
) -> None:
    first, other = read(package, LANGUAGES[0]), read(package, language)
    assert {n: each.variables for n, each in other.items()} == {
        n: each.variables for n, each in first.items()
    }
    choices = {name: each.variants for name, each in first.items() if len(each.variables) == 1}
    assert {name: other[name].variants for name in choices} == choices


@pytest.mark.parametrize("language", LANGUAGES)
def test_uzbek_is_written_with_its_own_apostrophe_and_nothing_is_left_in_english(
    language: str,
) -> None:
    source = (files("kassa.payments") / "texts" / f"{language}.ftl").read_text("utf-8")
    said = [line for line in source.splitlines() if not line.startswith("#")]
    cyrillic = [line for line in said if any("а" <= c <= "я" for c in line.lower())]
    assert bool(cyrillic) == (language == "ru")
    if language == "uz":
        assert not [line for line in said if "'" in line or "’" in line]


# -- what the code asks for ----------------------------------------------------------

# Names that are made, and what they can be made of.
MADE = {
    "payment-{ruling.fit}": ["over", "short", "late", "twice", "currency"],
    "dispute-{dispute.state}": ["open", "won", "lost"],
    "dispute_{dispute.state}": ["open", "won", "lost"],
    "{status}": [str(each) for each in Status if each is not Status.SUCCEEDED],
    "{ruling.status}": [str(each) for each in Status if each is not Status.SUCCEEDED],
}
SPREAD = {"cause": {"error"}, "data": {"amount"}}  # given as **cause
REFUSALS = {"no": 0, "_say": 1}  # of a checkout: which argument names the text
ALWAYS = {"to_payer": {"payment", "what"}, "to_operator": {"payment", "user", "purpose"}}


def sources() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(Path(str(files("kassa.payments"))).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            yield path.name, node


def names(node: ast.expr, where: str) -> list[str]:
    """What a name can be: itself, or each that it can be made to."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str":
        pattern = f"{{{ast.unparse(node.args[0])}}}"
    else:
        pattern = ast.unparse(node).removeprefix("f").strip("'\"")
    assert pattern in MADE, f"{where}: tell MADE what {pattern} can be"
    start, _, rest = pattern.partition("{")
    return [f"{start}{each}{rest.partition('}')[2]}" for each in MADE[pattern]]


def given_by(keyword: ast.keyword) -> set[str]:
    return {keyword.arg} if keyword.arg else SPREAD[ast.unparse(keyword.value)]


def called(node: ast.AST) -> str:
    func = node.func if isinstance(node, ast.Call) else None
    return str(getattr(func, "attr", None) or getattr(func, "id", ""))


def wanted() -> Iterator[tuple[str, set[str] | None]]:
    """The texts that the code names, with what it gives them (None: it cannot be read off)."""
    for where, node in sources():
        if isinstance(node, ast.Call) and called(node) in ALWAYS and where != "notices.py":
            given = ALWAYS[called(node)].union(*(given_by(each) for each in node.keywords))
            for name in names(node.args[1], where):
                yield (f"operator-{name}" if called(node) == "to_operator" else name), given
        elif isinstance(node, ast.Call) and called(node) == "Message" and where != "notices.py":
            yield from ((name, None) for name in names(node.args[0], where))
        elif isinstance(node, ast.Call) and called(node) == "NewEvent":
            private = any(each.arg == "public" for each in node.keywords)
            for name in names(node.args[1], where):
                kind = name.replace("_", "-")
                yield f"operator-event-{kind}", None
                if not private:
                    yield f"event-{kind}", None
        elif isinstance(node, ast.Call) and called(node) in REFUSALS and where == "checkouts.py":
            refusal = node.args[REFUSALS[called(node)]]
            if isinstance(refusal, ast.Constant):
                yield str(refusal.value), None
        elif isinstance(node, ast.Dict) and where != "notices.py":
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "text":
                    yield from ((f"operator-{name}", None) for name in names(value, where))


def test_every_text_that_payments_name_is_there_and_gets_what_it_speaks_of() -> None:
    there = read("kassa.payments", "ru")
    asked = list(wanted())
    assert len(asked) > 50
    for name, given in asked:
        assert name in there, f"{name} is missing"
        assert given is None or there[name].variables <= given, name
    used = {name for name, _ in asked}
    lists = {"status", "oneplat-status", "method", "requisite", "why", "operator-about"}
    assert set(there) == used | lists, "texts that nobody says"


def test_what_can_be_shown_of_a_payment_has_words() -> None:
    from kassa.payments.providers.oneplat import OnePlat
    from kassa.payments.providers.stars import Stars

    there = read("kassa.payments", "ru")
    assert there["status"].variants == {*map(str, Status), "other"}
    assert there["why"].variants == {*map(str, Why), "other"}
    methods = {each.name for each in (*OnePlat.methods, *Stars.methods)} | {*METHODS}
    assert there["method"].variants == {*methods, "other"}
    assert there["requisite"].variants == {*_REQUISITES.values(), "amount", "other"}
    assert there["oneplat-status"].variants == {"-2", "-1", "0", "1", "2"}


# -- what is said --------------------------------------------------------------------


def test_money_is_written_as_the_language_does_whether_it_comes_as_money_or_as_json() -> None:
    said = {
        language: PAYMENTS.say(language, "wallet-topped-up", amount="1500.50 RUB")
        for language in LANGUAGES
    }
    assert said == {
        "ru": f"Готово! Баланс пополнен на 1{NBSP}500,50{NBSP}₽ ✨",
        "uz": f"Tayyor! Balansingizga 1{NBSP}500,50{NBSP}₽ qoʻshildi ✨",
        "en": "Done! ₽1,500.50 is on your balance ✨",
    }
    assert PAYMENTS.say("ru", "wallet-topped-up", amount=Money(150_050, "RUB")) == said["ru"]


@pytest.mark.parametrize("text", ["5.0 USD", "05.00 USD", "5.00 XYZ", "5.00 USD!", "-0.00 USD"])
def test_what_only_looks_like_money_is_left_as_it_is(text: str) -> None:
    assert PAYMENTS.say("en", "event-created", amount=text) == f"A bill of {text}"


def test_numbers_are_not_grouped_but_still_counted() -> None:
    args = {"provider": "stripe", "open": 0}
    for count, words in [(1, "1 расхождение"), (3, "3 расхождения"), (12345, "12345 расхождений")]:
        assert words in PAYMENTS.say("ru", "operator-reconcile-differs", count=count, **args)
    assert "1 difference," in PAYMENTS.say("en", "operator-reconcile-differs", count=1, **args)


def test_nothing_invisible_stands_around_what_is_put_in() -> None:
    said = PAYMENTS.say("en", "payment-late", payment=1, what="VPN", paid="5.00 USD", asked="x")
    assert "“VPN”" in said
    assert "$5.00 is on your balance" in said
    assert said.isprintable()


@pytest.mark.parametrize(
    ("code", "language"),
    [("uz", "uz"), ("en-US", "en"), ("uz_Latn", "uz"), ("RU", "ru"), ("de", "ru"), (None, "ru")],
)
def test_a_language_is_known_by_its_code_and_any_other_is_russian(
    code: str | None, language: str
) -> None:
    assert texts.known(code) == language
    status = {"ru": "Создан", "uz": "Yaratildi", "en": "Created"}[language]
    assert PAYMENTS.say(code or "", "status", status="created") == status


def test_1plats_five_states_are_told_in_the_payers_language() -> None:
    said = {n: PAYMENTS.say("ru", "oneplat-status", status=n) for n in (-2, -1, 0, 1, 2)}
    assert len(set(said.values())) == 5
    assert said[1] == "Оплачено, спасибо!"
    assert "реквизитов" in said[-2]


def test_what_is_not_known_by_name_is_shown_as_it_is() -> None:
    assert PAYMENTS.say("en", "method", method="pigeon") == "pigeon"
    assert PAYMENTS.say("en", "requisite", name="network") == "Network"


# -- files with something wrong ------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., texts.Texts]:
    """A package made for the test, with these files."""

    def make(**sources: str) -> texts.Texts:
        name = f"made_up_{secrets.token_hex(4)}"
        (tmp_path / name / "texts").mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text("")
        for language, source in sources.items():
            (tmp_path / name / "texts" / f"{language}.ftl").write_text(source)
        return texts.load(name)

    monkeypatch.syspath_prepend(tmp_path)
    return make


def test_what_a_language_lacks_is_said_in_russian_and_told_to_the_log(
    package: Callable[..., texts.Texts], capsys: pytest.CaptureFixture[str]
) -> None:
    made = package(ru="a = да { $n }\nb =\n    .c = d\n", en="")
    assert made.say("en", "a", n=1) == "да 1"
    assert "texts.missing" in "".join(capsys.readouterr())
    assert made.has("a")
    assert not made.has("z")
    for name in ("z", "b"):
        with pytest.raises(NoSuchText):
            made.say("en", name)


def test_a_variable_that_is_not_given_is_told_to_the_log(
    package: Callable[..., texts.Texts], capsys: pytest.CaptureFixture[str]
) -> None:
    made = package(ru="a = да { $n }")
    assert made.say("ru", "a").startswith("да")
    assert "texts.wrong" in "".join(capsys.readouterr())
    assert made.say("ru", "a", n=None) == "да "
    assert made.say("ru", "a", n=True) == "да True"
    assert "texts.wrong" not in "".join(capsys.readouterr())


def test_a_file_that_cannot_be_read_to_its_end_is_not_read_at_all(
    package: Callable[..., texts.Texts],
) -> None:
    with pytest.raises(ValueError, match=r"ru\.ftl cannot be read at 'b = \{ \$n"):
        package(ru="a = да\nb = { $n\n").say("ru", "a")


def test_a_file_is_read_once_and_not_before_it_is_needed(
    package: Callable[..., texts.Texts], tmp_path: Path
) -> None:
    made = package(ru="a = да")
    assert made.say("ru", "a") == "да"
    for path in tmp_path.rglob("*.ftl"):
        path.unlink()
    assert made.say("ru", "a") == "да"
    assert texts.load(made.package) is made
    with pytest.raises(FileNotFoundError):
        made.say("uz", "a")
