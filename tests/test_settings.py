"""The table of options: flags, variables, defaults, errors, and the README's copy of it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from chat_app.settings import OPTIONS, Settings, load, markdown_table

README = Path(__file__).resolve().parent.parent / "README.md"


def test_table_and_settings_have_the_same_fields_in_the_same_order():
    assert [option.name for option in OPTIONS] == [field.name for field in fields(Settings)]


def test_readme_holds_the_table():
    assert markdown_table() in README.read_text()


def test_flag_wins_over_variable_and_variable_over_default(tmp_path):
    assert load([], {}).port == 7860
    assert load([], {"MNEME_PORT": "7001"}).port == 7001
    assert load(["--port", "7002"], {"MNEME_PORT": "7001"}).port == 7002
    settings = load(["--data", str(tmp_path)], {})
    assert settings.database_url == f"sqlite:///{tmp_path / 'mneme.sqlite3'}"


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--port", "99999"),
        ("--port", "http"),
        ("--reads", "0"),
        ("--temperature", "3"),
        ("--device", "gpu"),
        ("--chroma", "somewhere"),
        ("--model", "http://"),
        ("--database", "not a url"),
        ("--data", __file__),
        ("--window", "-1"),
        ("--temperature", "nan"),
        ("--public-url", "mneme.example"),
        ("--public-url", "https://mneme.example/chat"),
    ],
)
def test_a_bad_value_is_one_line_that_names_option_value_and_what_is_accepted(flag, value, capsys):
    with pytest.raises(SystemExit) as stop:
        load([flag, value], {})
    assert stop.value.code == 2
    printed = capsys.readouterr().err
    option = next(option for option in OPTIONS if option.flag == flag)
    assert printed.count("\n") == 1
    assert flag in printed and repr(value) in printed and option.accepts in printed


def test_a_bad_variable_is_named_as_such(capsys):
    with pytest.raises(SystemExit):
        load([], {"MNEME_READS": "many"})
    assert "MNEME_READS: 'many'" in capsys.readouterr().err


def test_an_unknown_flag_is_one_line_and_status_2(capsys):
    with pytest.raises(SystemExit) as stop:
        load(["--modell", "x"], {})
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_only_this_computer_is_served_unless_something_else_is_asked_for():
    assert load([], {}).loopback and load(["--host", "127.0.0.2", "--public-url", "http://localhost:80"], {}).loopback
    assert not load(["--host", "0.0.0.0"], {}).loopback and not load(["--host", "box"], {}).loopback
    settings = load([], {"MNEME_PUBLIC_URL": "HTTPS://Mneme.Example:443/"})
    assert settings.public_url == "https://mneme.example" and not settings.loopback


def test_keys_come_from_the_environment_only(capsys):
    assert load([], {"MNEME_API_KEY": "k"}).api_key == "k"
    assert load([], {"OPENAI_API_KEY": "o"}).model_api_key == "o"
    assert load([], {"OPENAI_API_KEY": "o", "MNEME_MODEL_API_KEY": "m"}).model_api_key == "m"
    with pytest.raises(SystemExit):
        load(["--api-key", "k"], {})


def test_help_names_every_flag_and_variable(capsys):
    with pytest.raises(SystemExit) as stop:
        load(["--help"], {})
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for option in OPTIONS:
        if not option.environment_only:
            assert option.flag in text and option.variable in text
