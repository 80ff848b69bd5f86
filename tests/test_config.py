"""The settings: where they come from, what is told when they are wrong, and no secret told."""

import json
import logging
import os
import pickle
import re
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from kassa import config
from kassa.config import BotSettings, Settings, load, secret_key
from kassa.errors import ConfigError
from kassa.secret import Secret

ROOT = Path(__file__).parents[1]
TOKEN = "123456:TEST-TOKEN"
OTHER = "654321:OTHER-TOKEN"


def problems(folder: Path, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as wrong:
        load(environ, folder)
    return wrong.value.problems


# Where a setting comes from


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    s = load({}, tmp_path)

    assert (s.host, s.port, s.workers, s.db_connections) == ("127.0.0.1", 8000, 1, 10)
    assert (s.log, s.log_level, s.debug, s.apps) == ("auto", "info", False, ("tokens",))
    assert s.oneplat_base_url == "https://1plat.cash"
    assert s.bots == ()
    assert not s.database_url
    assert {source for _, _, source in s.describe()} == {"default"}


def test_the_environment_wins_over_dotenv_and_dotenv_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "kassa.toml").write_text('port = 1001\nworkers = 2\nlog = "json"\n')
    (tmp_path / ".env").write_text("PORT=1002\nKASSA_WORKERS=3\n")

    s = load({"PORT": "1003"}, tmp_path)

    assert (s.port, s.workers, s.log) == (1003, 3, "json")
    rows = {name: (shown, source) for name, shown, source in s.describe()}
    assert rows["PORT"] == ("1003", "environment")
    assert rows["KASSA_WORKERS"] == ("3", ".env")
    assert rows["KASSA_LOG"] == ("json", "kassa.toml")
    assert rows["HOST"] == ("127.0.0.1", "default")


def test_an_empty_value_is_no_value(tmp_path: Path) -> None:
    (tmp_path / "kassa.toml").write_text('host = ""\nport = 1001\nworkers = "  "\n')
    (tmp_path / ".env").write_text('PORT=\nSTRIPE_SECRET_KEY=""\n')

    s = load({"PORT": " ", "SECRET_KEY": ""}, tmp_path)

    assert (s.host, s.port, s.workers) == ("127.0.0.1", 1001, 1)
    assert not s.stripe_secret_key
    assert not s.secret_key


def test_dotenv_may_come_from_windows(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(
        b"\xef\xbb\xbfPORT=1001\r\n\r\n# a remark\r\nexport KASSA_LOG='json' # why\r\n"
        b'DATABASE_URL="postgres://kassa:pa$$word@db/kassa"\r\n'
    )

    s = load({}, tmp_path)

    assert (s.port, s.log) == (1001, "json")
    assert s.database_url.reveal() == "postgres://kassa:pa$$word@db/kassa"


def test_the_file_may_be_named_from_the_environment_or_dotenv(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "shop.toml").write_bytes(b'\xef\xbb\xbfport = 1001\r\nhome = "data"\r\n')
    (tmp_path / "kassa.toml").write_text("port = 1002\n")

    s = load({"KASSA_CONFIG": str(tmp_path / "etc" / "shop.toml")}, tmp_path)
    assert (s.port, s.home) == (1001, tmp_path / "etc" / "data")

    (tmp_path / ".env").write_text("KASSA_CONFIG=etc/shop.toml\n")
    assert load({}, tmp_path).port == 1001


def test_load_reads_this_process_and_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("KASSA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PORT", "1001")
    (tmp_path / ".env").write_text("KASSA_WORKERS=5\n")

    assert (load().port, load().workers) == (1001, 5)
    assert Settings().port == 8000, "made by hand, they know only what they are given"


def test_home_is_where_it_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert load({}, tmp_path).home == Path("/var/lib/kassa")

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/anna")
    anna = {"HOME": "/home/anna"}
    assert load(anna, tmp_path).home == Path("/home/anna/.local/share/kassa")
    assert load(anna | {"XDG_DATA_HOME": "/data"}, tmp_path).home == Path("/data/kassa")
    assert load(anna | {"XDG_DATA_HOME": "data"}, tmp_path).home == Path(
        "/home/anna/.local/share/kassa"
    )
    assert load({"KASSA_HOME": "~/k"}, tmp_path).home == Path("/home/anna/k")
    assert load({"KASSA_HOME": "k"}, tmp_path).home == tmp_path / "k"
    assert load({"KASSA_HOME": "/srv/k"}, tmp_path).home == Path("/srv/k")


def test_base_urls_lose_their_last_slash_and_others_keep_it(tmp_path: Path) -> None:
    s = load(
        {
            "PUBLIC_BASE_URL": "https://example.com/",
            "BACKEND_URL": "http://localhost:8000//",
            "TELEGRAM_WEBHOOK_URL": "https://your-domain.com/telegram/webhook/",
            "ONEPLAT_CALLBACK_URL": "https://example.com/1plat-webhook?shop=1",
        },
        tmp_path,
    )

    assert s.public_base_url == "https://example.com"
    assert s.backend_url == "http://localhost:8000"
    assert s.telegram_webhook_url == "https://your-domain.com/telegram/webhook/"
    assert s.oneplat_callback_url == "https://example.com/1plat-webhook?shop=1"


@pytest.mark.parametrize("host", ["localhost", "kassa.localhost", "127.0.0.1:8081", "[::1]:8081"])
def test_a_webhook_on_this_machine_needs_no_https(tmp_path: Path, host: str) -> None:
    url = f"http://{host}/telegram"
    assert load({"TELEGRAM_WEBHOOK_URL": url}, tmp_path).telegram_webhook_url == url


@pytest.mark.parametrize(
    ("spelling", "meaning"),
    [("true", True), ("YES", True), ("On", True), ("1", True), ("False", False), ("off", False)],
)
def test_yes_and_no_in_the_usual_spellings(tmp_path: Path, spelling: str, meaning: bool) -> None:
    assert load({"DEBUG": spelling}, tmp_path).debug is meaning


def test_the_file_may_use_its_own_types(tmp_path: Path) -> None:
    (tmp_path / "kassa.toml").write_text(
        'debug = true\nport = "1001"\noneplat_shop_id = 42\napps = ["market", "shop", "market"]\n'
        'log_level = "INFO"\n'
    )

    s = load({}, tmp_path)

    assert (s.debug, s.port, s.oneplat_shop_id, s.log_level) == (True, 1001, "42", "info")
    assert s.apps == ("market", "shop")


# Bots


def test_one_bot_needs_no_file(tmp_path: Path) -> None:
    s = load({"TELEGRAM_BOT_TOKEN": TOKEN, "KASSA_APPS": "market, shop,"}, tmp_path)

    assert s.bots == (BotSettings(token=Secret(TOKEN), apps=("market", "shop"), name="123456"),)
    assert s.describe()[-1] == ("bot 123456", "market, shop; token ***", "environment")


def test_several_bots_stand_in_the_file_and_their_tokens_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "kassa.toml").write_text(
        '[[bot]]\ntoken = "env:TGWORK_BOT_TOKEN"\napps = ["market"]\n'
        '[[bot]]\nname = "shop"\ntoken = "env:KASSA_SHOP_TOKEN"\napps = "shop,tokens"\n'
    )
    (tmp_path / ".env").write_text(f"KASSA_SHOP_TOKEN={OTHER}\n")

    s = load({"TGWORK_BOT_TOKEN": TOKEN}, tmp_path)

    assert [(bot.name, bot.token.reveal(), bot.apps) for bot in s.bots] == [
        ("123456", TOKEN, ("market",)),
        ("shop", OTHER, ("shop", "tokens")),
    ]
    assert s.describe()[-1] == ("bot shop", "shop, tokens; token ***", "kassa.toml")


def test_the_only_bot_may_stand_in_the_file_too(tmp_path: Path) -> None:
    (tmp_path / "kassa.toml").write_text(
        '[[bot]]\ntoken = "env:TELEGRAM_BOT_TOKEN"\napps = ["market"]\n'
    )

    assert [bot.apps for bot in load({"TELEGRAM_BOT_TOKEN": TOKEN}, tmp_path).bots] == [("market",)]


BOT = f'[[bot]]\ntoken = "{TOKEN}"\napps = ["market"]\n'


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        (BOT + BOT, "[[bot]] (kassa.toml): has the same token twice"),
        (BOT + BOT.replace("TEST", "LATER"), "[[bot]] (kassa.toml): has the same name twice"),
        ('[[bot]]\napps = ["shop"]\n', "[[bot]] 1 token (kassa.toml): is missing; it must be"),
        (BOT + f'[[bot]]\ntoken = "{OTHER}"\n', "[[bot]] 2 apps (kassa.toml): is missing"),
        (BOT + 'tokn = "1"\n', "[[bot]] 1 tokn (kassa.toml): is not a setting; did you mean token"),
        (BOT + "port = 1\n", "[[bot]] 1 port (kassa.toml): does not belong to a bot; move it"),
        (BOT + 'name = "a b"\n', "[[bot]] 1 name (kassa.toml): must be Latin letters"),
        (BOT.replace(TOKEN, "env:NO"), "asks for the environment variable NO, which is not set"),
        (BOT.replace("[[bot]]", "[bot]"), "[[bot]] (kassa.toml): must be tables: write [[bot]]"),
        ("bot = [1]\n", "[[bot]] 1 (kassa.toml): must be tables: write [[bot]]"),
        ("bots = []\n", "bots (kassa.toml): is not a setting; did you mean bot?"),
    ],
)
def test_what_is_wrong_with_a_bot(tmp_path: Path, toml: str, told: str) -> None:
    (tmp_path / "kassa.toml").write_text(toml)

    (line,) = problems(tmp_path)

    assert told in line
    assert "TOKEN" not in line.replace("TEST-TOKEN", "")


def test_a_bot_that_the_file_leaves_out_is_not_ignored(tmp_path: Path) -> None:
    (tmp_path / "kassa.toml").write_text(BOT)

    (line,) = problems(tmp_path, TELEGRAM_BOT_TOKEN=OTHER)

    assert line.startswith("[[bot]] (kassa.toml): leaves out the bot of TELEGRAM_BOT_TOKEN")


# Admins


def test_admins_are_who_is_named(tmp_path: Path) -> None:
    (tmp_path / "kassa.toml").write_text("admin_ids = [17, 18]\n")
    assert load({}, tmp_path).admin_ids == (17, 18)

    s = load({"ADMIN_IDS": "987654321, 17,17,", "OPERATOR_CHAT_ID": "5"}, tmp_path)

    assert s.admin_ids == (987654321, 17)
    assert s.is_admin(17)
    assert not s.is_admin(5), "who is named, and nobody else"
    assert ("ADMIN_IDS", "987654321, 17", "environment") in s.describe()


@pytest.mark.parametrize(("chat", "admins"), [("17", (17,)), ("-100200300", ()), ("", ())])
def test_without_admins_the_operator_is_one_and_no_group(
    tmp_path: Path, chat: str, admins: tuple[int, ...]
) -> None:
    s = load({"OPERATOR_CHAT_ID": chat}, tmp_path)

    assert s.admin_ids == admins
    assert s.is_admin(17) is bool(admins)
    assert not s.is_admin(-100200300)


def test_a_wrong_chat_of_the_operator_is_told_once(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, OPERATOR_CHAT_ID="me")

    assert line.startswith("OPERATOR_CHAT_ID (environment): must be a chat's number")


# What is wrong


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PORT", "0", "must be a whole number from 1 to 65535"),
        ("PORT", "65536", "must be a whole number from 1 to 65535"),
        ("PORT", "http", "must be a whole number from 1 to 65535"),
        ("PORT", "80.5", "must be a whole number from 1 to 65535"),
        ("PORT", "9" * 5000, "must be a whole number from 1 to 65535"),
        ("KASSA_WORKERS", "65", "must be a whole number from 1 to 64"),
        ("KASSA_DB_CONNECTIONS", "1", "must be a whole number from 2 to 200"),
        ("DEBUG", "maybe", "must be true or false"),
        ("KASSA_LOG", "xml", "must be auto, text or json"),
        ("KASSA_LOG_LEVEL", "loud", "must be debug, info, warning, error or critical"),
        ("KASSA_APPS", "Tokens", "must be names of apps with commas between"),
        ("KASSA_APPS", ",", "must be names of apps with commas between"),
        ("KASSA_HOME", "~nobody-has-this-name/k", "is in a home folder that does not exist"),
        ("HOST", "http://localhost", "must be an address such as 127.0.0.1"),
        ("TELEGRAM_BOT_TOKEN", "TEST-LEAK", "must be a token from @BotFather"),
        ("TELEGRAM_BOT_TOKEN", "١٢٣:TEST-TOKEN", "must be a token from @BotFather"),
        ("TELEGRAM_BOT_TOKEN", "123456:TEST TOKEN", "must be a token from @BotFather"),
        ("TELEGRAM_WEBHOOK_URL", "http://example.com/t", "must begin with https://"),
        ("TELEGRAM_WEBHOOK_URL", "http://127.0.0.1.evil.com/t", "must begin with https://"),
        ("PUBLIC_BASE_URL", "kassa.uz", "must be a URL such as https://example.com"),
        ("PUBLIC_BASE_URL", "ftp://example.com", "must be a URL such as"),
        ("PUBLIC_BASE_URL", "https:///kassa", "must be a URL such as"),
        ("PUBLIC_BASE_URL", "https://example.com:port", "must be a URL such as"),
        ("PUBLIC_BASE_URL", "https://example.com:99999", "must be a URL such as"),
        ("PUBLIC_BASE_URL", "https://exa mple.com", "must be a URL such as"),
        ("PUBLIC_BASE_URL", "https://[::1", "must be a URL such as"),
        ("PUBLIC_BASE_URL", "https://example.com/?a=1", "must end with the path"),
        ("BACKEND_URL", "https://anna:word@example.com", "must not hold a user or password"),
        ("DATABASE_URL", "mysql://a:word@db/kassa", "must be such as postgresql://"),
        ("DATABASE_URL", "postgresql+asyncpg://db/kassa", "must be such as postgresql://"),
        ("DATABASE_OWNER_URL", "db", "must be such as postgresql://"),
        ("SECRET_KEY", "your-django-secret-key", "must have at least 32 characters"),
        ("STRIPE_SECRET_KEY", "sk\x00live", "contains a control or invisible character"),
        ("STRIPE_SECRET_KEY", "sk\u200blive", "contains a control or invisible character"),
        ("ONEPLAT_SHOP_ID", "4\x1b[2J2", "contains a control or invisible character"),
        ("KASSA_HOME", "/srv/\x00", "contains a control or invisible character"),
        ("ADMIN_IDS", "@kassa_admin", "must be people's numbers at Telegram with commas between"),
        ("ADMIN_IDS", "17,1.5e9", "must be people's numbers at Telegram with commas between"),
        ("ADMIN_IDS", "0", "must be people's numbers at Telegram with commas between"),
        ("ADMIN_IDS", "٣", "must be people's numbers at Telegram with commas between"),
        ("ADMIN_IDS", "9" * 17, "must be people's numbers at Telegram with commas between"),
        ("ADMIN_IDS", "17,-100200300", "names a group; write the numbers of people"),
    ],
)
def test_a_wrong_value_is_told_in_words(tmp_path: Path, name: str, value: str, told: str) -> None:
    (line,) = problems(tmp_path, **{name: value})

    assert line.startswith(f"{name} (environment): {told}")
    assert value == "," or value not in line.partition(" (environment)")[2]


def test_a_short_secret_key_is_good_enough_to_debug(tmp_path: Path) -> None:
    assert load({"SECRET_KEY": "short", "DEBUG": "1"}, tmp_path).secret_key == Secret("short")
    assert load({"SECRET_KEY": "k" * 32}, tmp_path).secret_key == Secret("k" * 32)


@pytest.mark.parametrize("toml", ["stripe_secret_key = [1]", "oneplat_shop_id = 2024-01-01"])
def test_a_text_is_not_a_list_nor_a_date(tmp_path: Path, toml: str) -> None:
    (tmp_path / "kassa.toml").write_text(toml)
    assert problems(tmp_path) == [
        f"{toml.partition(' ')[0]} (kassa.toml): must be a text in quotes"
    ]


def test_all_that_is_wrong_is_told_at_once_and_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "kassa.toml").write_text(
        'prot = 8000\nworkers = 0\nstripe_secret_key = "env:NO_KEY"\napps = {}\n'
    )
    (tmp_path / ".env").write_text("DEBUG=maybe\nKASSA_WORKER=3\n\n\nwhat is this\nPORT\n")

    lines = problems(tmp_path, PORT="x", KASSA_PORT="1", KASSA_NOTHING_LIKE_IT="1", kassa_home="/k")

    assert lines == [
        f"{tmp_path}/.env, line 5: must be such as NAME=value",
        f"{tmp_path}/.env, line 6: must be such as NAME=value",
        "prot (kassa.toml): is not a setting; did you mean port?",
        "KASSA_WORKER (.env): is not a setting; did you mean KASSA_WORKERS?",
        "KASSA_PORT (environment): is not a setting; did you mean PORT?",
        "KASSA_NOTHING_LIKE_IT (environment): is not a setting",
        "kassa_home (environment): is not a setting; did you mean KASSA_HOME?",
        "apps (kassa.toml): must be names of apps with commas between, such as tokens,shop",
        "workers (kassa.toml): must be a whole number from 1 to 64",
        "PORT (environment): must be a whole number from 1 to 65535",
        "DEBUG (.env): must be true or false",
        "stripe_secret_key (kassa.toml): asks for the environment variable NO_KEY, "
        "which is not set",
    ]
    with pytest.raises(ConfigError) as wrong:
        load({"PORT": "x", "DEBUG": "y?"}, tmp_path / "nowhere")
    assert str(wrong.value).count("\n") == 1, "a line each"


def test_variables_of_the_scripts_are_nobodys_mistake(tmp_path: Path) -> None:
    load({"KASSA_TEST_PROCESSES": "4", "KASSA_BENCH_SECONDS": "1", "KASSA_CONFIG": ""}, tmp_path)


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        (b"port = 1\nhost = localhost\n", "kassa.toml, line 2: Invalid value"),
        (b"port = 1\n\n[[bot]\n", "kassa.toml, line 3: "),
        (b'port = 1\nhost = "x', "kassa.toml, line 2: "),
        (b"port = 1\nport = 2\n", "kassa.toml, line 2: "),
        (b'host = "\xff"\n', "kassa.toml: is not text in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_understood(tmp_path: Path, toml: bytes, told: str) -> None:
    (tmp_path / "kassa.toml").write_bytes(toml)

    first, second = problems(tmp_path, PORT="x")

    assert told in first
    assert second.startswith("PORT (environment)")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "kassa.toml").mkdir()
    (tmp_path / ".env").mkdir()

    assert [line.partition(";")[0] for line in problems(tmp_path)] == [
        f"{tmp_path}/.env: cannot be read (Is a directory)",
        f"{tmp_path}/kassa.toml: cannot be read (Is a directory)",
    ]
    assert problems(tmp_path / "empty", KASSA_CONFIG="/nowhere.toml") == [
        "/nowhere.toml: there is no such file; mend KASSA_CONFIG, which names it"
    ]
    (line,) = problems(tmp_path / "empty", KASSA_CONFIG="/x\x00")
    assert "cannot be read" in line


# Secrets


def test_a_secret_prints_as_three_stars_wherever_it_goes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    s = load(
        {"TELEGRAM_BOT_TOKEN": "123456:LEAK-LEAK", "DATABASE_URL": "postgres://a:LEAK@db/kassa"},
        tmp_path,
    )
    secret = s.database_url
    logging.getLogger("test").warning("url %s", secret)
    renderer = structlog.processors.JSONRenderer()

    assert (str(secret), repr(secret), f"{secret:>9}", "%s" % secret) == ("***",) * 4  # noqa: UP031
    assert caplog.messages == ["url ***"]
    assert renderer(None, "info", {"url": secret}) == '{"url": "***"}'
    assert s.model_dump()["database_url"] == "***"
    assert json.loads(s.model_dump_json())["bots"][0]["token"] == "***"
    assert s.database_url.reveal() == "postgres://a:LEAK@db/kassa"
    everything = [s, s.describe(), s.bots, s.model_dump(), s.model_dump_json()]
    assert "LEAK" not in "".join(f"{thing}{thing!r}" for thing in everything)


def test_secrets_are_equal_by_value_and_empty_ones_are_false() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("б\udc80") == Secret("б\udc80")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert not Secret("")
    assert Secret("a")
    assert pickle.loads(pickle.dumps(Secret("a"))) == Secret("a")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        [name for name in config.VARIABLES.values() if "SECRET" in name or "_" in name]
    ),
    st.text(min_size=1).map(lambda text: f"LEAK{text}LEAK".replace("\x00", "")),
)
def test_no_value_is_ever_repeated(tmp_path: Path, name: str, value: str) -> None:
    told = ""
    try:
        load({name: value}, tmp_path)
    except ConfigError:
        told = traceback.format_exc()  # pydantic's words must not stand behind ours either
    assert "LEAK" not in told


def test_settings_made_by_hand_do_not_repeat_a_value_either() -> None:
    values: dict[str, Any] = {"telegram_bot_token": "LEAK", "bots": [{"token": "LEAK"}]}
    with pytest.raises(ValidationError) as wrong:
        Settings(**values)
    assert "LEAK" not in f"{wrong.value}{wrong.value!r}"


def test_settings_do_not_change(tmp_path: Path) -> None:
    s = load({}, tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        s.port = 1


# The secret key


def test_a_secret_key_is_made_once_and_kept(tmp_path: Path) -> None:
    s = load({"KASSA_HOME": str(tmp_path / "deep" / "home")}, tmp_path)

    key = secret_key(s)

    path = s.home / "secret_key"
    assert secret_key(s) == key == Secret(path.read_text())
    assert len(key.reveal()) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(s.home.iterdir()) == [path], "no draft is left behind"


def test_a_secret_key_that_is_set_needs_no_file(tmp_path: Path) -> None:
    s = load({"KASSA_HOME": str(tmp_path / "home"), "SECRET_KEY": "k" * 32}, tmp_path)

    assert secret_key(s) == Secret("k" * 32)
    assert not s.home.exists()


def test_four_processes_at_once_agree_on_the_secret_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from kassa.config import Settings, secret_key\n"
        "settings = Settings(home=Path(sys.argv[1]))\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(secret_key(settings).reveal())"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "home")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:  # all four wait on the line above: now they run side by side
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()

    keys = {process.communicate(timeout=30)[0] for process in processes}

    assert len(keys) == 1
    assert keys == {(tmp_path / "home" / "secret_key").read_text() + "\n"}


def test_one_who_comes_second_takes_the_key_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = Settings(home=tmp_path)
    first = secret_key(s)
    monkeypatch.setattr(Path, "exists", lambda _: False)  # as it looked before the first came

    assert secret_key(s) == first


@pytest.mark.parametrize("content", [b"", b"too short", b"\xff" * 40])
def test_a_damaged_secret_key_is_not_used(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret_key").write_bytes(content)
    with pytest.raises(ConfigError, match=r"is damaged|it is not text"):
        secret_key(Settings(home=tmp_path))


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(ConfigError, match="secret_key: cannot keep the secret key"):
        secret_key(Settings(home=tmp_path / "home"))


# The pages about it


def test_the_pages_name_every_setting() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    example = (ROOT / ".env.example").read_text()

    for field, variable in config.VARIABLES.items():
        assert f"| `{variable}` | `{field}` |" in page
        assert re.search(rf"^(# )?{variable}=", example, re.MULTILINE), variable
    assert "`[[bot]]`" in page
    assert "[[bot]]" in example
    assert "`[app.NAME]`" in page
    assert set(config.VARIABLES) | {"app", "bots"} == set(Settings.model_fields)


def test_the_examples_work(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text()
    (tmp_path / ".env").write_text(example)
    s = load({}, tmp_path)
    assert [(bot.token.reveal(), bot.apps) for bot in s.bots] == [(TOKEN, ("tokens",))]

    uncommented = re.sub(r"^# (?=[A-Z_]+=)", "", example, flags=re.MULTILINE)
    (tmp_path / ".env").write_text(uncommented)
    assert load({}, tmp_path).database_owner_url

    page = (ROOT / "docs" / "configuration.md").read_text()
    (snippet,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / ".env").unlink()
    (tmp_path / "kassa.toml").write_text(snippet)
    environ = {"TGWORK_BOT_TOKEN": TOKEN, "SHOP_BOT_TOKEN": OTHER}
    s = load(environ | {"DATABASE_URL": "postgres://db/kassa"}, tmp_path)
    assert [bot.name for bot in s.bots] == ["123456", "shop"]
    (told,) = re.findall(r"```\n(.*?)```", page, re.DOTALL)
    assert "must be a whole number from 1 to 65535" in told


def test_importing_the_settings_is_light() -> None:
    code = "import sys, kassa.config; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"fastapi", "structlog", "asyncpg", "rich", "granian"} & set(loaded.stdout.split())
