"""The door by itself: passwords, cookies, keys, wrong attempts, and the names under which the server may be called."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from chat_app.door import door_file
from chat_app.door.addresses import Addresses, origin_of, own_names
from chat_app.door.door import LASTS, RENEWED, Door, keep_password
from chat_app.door.set_password import set_password
from chat_app.door.throttle import Throttle
from knowledge.errors import BadInput, StoreError

PASSWORD = "correct horse"


class Clock:
    """Seconds that go on when the test says so."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def door(data: Path, clock: Clock | None = None, **more: Any) -> Door:
    return Door(data, **({"loopback": False, "password": PASSWORD, "clock": clock or Clock()} | more))


def signed_in(door: Door) -> str:
    visit = door.come_in(PASSWORD)
    assert visit
    return door.admit(visit).split(";")[0]


# ---- who may be served at all ------------------------------------------------------------------------


def test_other_computers_are_served_only_behind_a_password(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="MNEME_PASSWORD"):
        Door(tmp_path, loopback=False)
    alone = Door(tmp_path, loopback=True)
    assert not alone.guarded and alone.visit("") is not None and alone.visit_of_program("") is not None
    assert list(tmp_path.iterdir()) == []  # who needs no door gets no file
    keep_password(tmp_path, PASSWORD)
    kept = Door(tmp_path, loopback=False)
    assert kept.guarded and kept.visit("") is None and signed_in(kept)
    assert Door(tmp_path, loopback=True).guarded  # on this computer, too


@pytest.mark.parametrize("password", ["short", "x" * 1001, "\u0065\u0301" * 4])
def test_a_password_has_a_length(tmp_path: Path, password: str) -> None:
    with pytest.raises(BadInput, match="8 to 1000"):
        door(tmp_path, password=password)
    with pytest.raises(BadInput, match="8 to 1000"):
        keep_password(tmp_path, password)


def test_only_the_password_opens(tmp_path: Path) -> None:
    opened = door(tmp_path, password="Zoë’s 密码 door")
    assert opened.come_in("Zoë’s 密码 door") and opened.come_in("Zoe\u0308’s 密码 door")  # the same letters
    for wrong in ("", "Zoe’s 密码 door", "Zoë’s 密码 door ", "zoë’s 密码 door", "x" * 100_000, "\0" * 9):
        assert opened.come_in(wrong) is None


def test_what_is_kept_is_no_password_and_for_the_owner_only(tmp_path: Path) -> None:
    keep_password(tmp_path, PASSWORD)
    file = tmp_path / door_file.NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PASSWORD not in file.read_text() and "$argon2id$" in file.read_text()
    assert [path.name for path in tmp_path.iterdir()] == [door_file.NAME]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"secret": "00"}', '{"secret": 1}', '{"secret": "", "x": 1}'])
def test_a_damaged_file_is_told_and_lets_nobody_in(tmp_path: Path, text: str) -> None:
    (tmp_path / door_file.NAME).write_text(text)
    with pytest.raises(StoreError, match="delete it"):
        Door(tmp_path, loopback=True)


def test_the_password_is_set_from_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    set_password(tmp_path / "data")
    assert PASSWORD not in capsys.readouterr().out
    assert Door(tmp_path / "data", loopback=False).come_in(PASSWORD)


# ---- cookies -----------------------------------------------------------------------------------------


def test_a_cookie_holds_over_a_restart_until_it_expires(tmp_path: Path) -> None:
    clock = Clock()
    cookie = signed_in(door(tmp_path, clock))
    again = door(tmp_path, clock)
    visit = again.visit(f"mneme_language=en; {cookie}; other=1")
    assert visit and visit.owner == "local" and not visit.stale
    clock.now += RENEWED + 2
    assert (visit := again.visit(cookie)) and visit.stale
    fresh = again.admit(visit).split(";")[0]
    clock.now += LASTS - RENEWED
    assert again.visit(cookie) is None and again.visit(fresh)
    clock.now -= 2 * LASTS  # made in the future
    assert again.visit(fresh) is None


def test_a_cookie_that_was_changed_is_nobody(tmp_path: Path) -> None:
    opened = door(tmp_path)
    cookie = signed_in(opened)
    name, _, ticket = cookie.partition("=")
    assert opened.visit(cookie)
    for place in range(len(ticket)):
        other = "A" if ticket[place] != "A" else "B"
        changed = ticket[:place] + other + ticket[place + 1 :]
        # The last letter of base64 has bits that mean nothing.
        assert opened.visit(f"{name}={changed}") is None or place == len(ticket) - 1, place
    payload, time, signature = ticket.split(".")
    for forged in (
        "",
        ".",
        "..",
        payload,
        f"{payload}.{time}",
        f"{payload}.{time}.",
        f".{time}.{signature}",
        "é",
        "x" * 9999,
    ):
        assert opened.visit(f"{name}={forged}") is None
    assert opened.visit(f"x{cookie}") is None and opened.visit(ticket) is None
    assert door(tmp_path / "other").visit(cookie) is None


def test_a_cookie_is_no_scripts_and_no_other_sites(tmp_path: Path) -> None:
    opened = door(tmp_path)
    parts = opened.admit(opened.come_in(PASSWORD)).split("; ")  # type: ignore[arg-type]
    assert {"HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={LASTS}"} <= set(parts) and "Secure" not in parts
    secure = door(tmp_path, secure=True).let_out()
    assert secure.startswith("__Host-mneme_") and "Secure" in secure.split("; ") and "Max-Age=0" in secure


def test_sign_out_everywhere_ends_every_cookie_also_after_a_restart(tmp_path: Path) -> None:
    opened = door(tmp_path)
    first, second = signed_in(opened), signed_in(opened)
    opened.end_all()
    assert opened.visit(first) is None and opened.visit(second) is None
    third = signed_in(opened)
    assert opened.visit(third)
    again = door(tmp_path)
    assert again.visit(first) is None and again.visit(third)


def test_another_password_ends_every_cookie(tmp_path: Path) -> None:
    cookie = signed_in(door(tmp_path))
    assert door(tmp_path, password="another one").visit(cookie) is None
    assert door(tmp_path).visit(cookie)  # the one it was made with
    keep_password(tmp_path, PASSWORD)
    opened = Door(tmp_path, loopback=False, clock=Clock())
    cookie = signed_in(opened)
    keep_password(tmp_path, "another one")  # while it runs
    opened.end_all()
    assert Door(tmp_path, loopback=False).come_in("another one")
    keep_password(tmp_path, PASSWORD)
    assert Door(tmp_path, loopback=False, clock=Clock()).visit(cookie) is None


# ---- programs ----------------------------------------------------------------------------------------


def test_a_program_needs_the_key(tmp_path: Path) -> None:
    opened = door(tmp_path, api_key="sésame")

    def header(text: str) -> str:
        return text.encode().decode("latin-1")  # as servers read it

    for wrong in ("", "Bearer", "Bearer ", "Bearer wrong", "Basic sésame", "Bearer sésame2", "sésame", "Bearer ж"):
        assert opened.visit_of_program(header(wrong)) is None
    assert opened.visit_of_program(header("Bearer sésame")) and opened.visit_of_program(header("bearer sésame"))
    without = door(tmp_path)
    assert not without.has_key and without.visit_of_program("Bearer ") is None


# ---- wrong attempts ----------------------------------------------------------------------------------


def test_waits_double_and_a_right_attempt_begins_anew() -> None:
    clock = Clock(0)
    throttle = Throttle(free=3, total=None, clock=clock)
    assert [throttle.take("10.0.0.1") for _ in range(3)] == [0, 0, 0]
    waits = []
    for _ in range(12):
        wait = throttle.take("10.0.0.1")
        waits.append(wait)
        clock.now += wait
        assert throttle.take("10.0.0.1") == 0
    assert waits[:4] == [2, 4, 8, 16] and waits[-1] == 900
    assert throttle.take("10.0.0.2") == 0  # somebody else
    clock.now += 900
    assert throttle.take("10.0.0.1") == 0
    throttle.passed("10.0.0.1")
    assert [throttle.take("10.0.0.1") for _ in range(3)] == [0, 0, 0]
    clock.now += 3601
    assert throttle.take("10.0.0.1") == 0


def test_all_addresses_together_have_a_limit() -> None:
    clock = Clock(0)
    throttle = Throttle(free=3, total=10, window=60, clock=clock)
    for number in range(10):
        assert throttle.take(f"10.0.0.{number}") == 0
        clock.now += 1
    assert throttle.take("10.0.1.1") == 50  # until the oldest is a minute old
    clock.now += 50
    assert throttle.take("10.0.1.1") == 0 and throttle.take("10.0.1.2") > 0
    throttle.passed("10.0.1.1")  # who is right takes nobody's place
    assert throttle.take("10.0.1.2") == 0


def test_a_household_of_version_6_is_one_address_and_memory_is_bounded() -> None:
    throttle = Throttle(free=2, total=None, clock=Clock(0))
    assert throttle.take("2001:db8::1") == 0 and throttle.take("2001:db8::2") == 0 and throttle.take("2001:db8::3") > 0
    assert throttle.take("2001:db8:0:1::1") == 0
    assert [throttle.take(one) > 0 for one in ("::ffff:1.2.3.4", "1.2.3.4", "1.2.3.4")] == [False, False, True]
    for number in range(10_000):
        throttle.take(f"2001:db8:{number:x}::1")
        throttle.take("no address " + "x" * 1000 + str(number))
    assert len(throttle._counts) <= 4096


# ---- names and origins -------------------------------------------------------------------------------

ALONE = Addresses(True)
MANY = Addresses(False, "", frozenset({"desk", "desk.local"}))
PUBLIC = Addresses(False, "https://mneme.example", frozenset({"desk"}))


@pytest.mark.parametrize(
    ("host", "served_by"),
    [
        ("localhost:7860", (ALONE, MANY, PUBLIC)),
        ("127.0.0.1", (ALONE, MANY, PUBLIC)),
        ("[::1]:7860", (ALONE, MANY, PUBLIC)),
        ("192.168.1.7:7860", (MANY,)),
        ("[fe80::1]", (MANY,)),
        ("Desk:80", (MANY,)),
        ("desk.local:7860", (MANY,)),
        ("mneme.example", (PUBLIC,)),
        ("MNEME.example:443", (PUBLIC,)),
        ("mneme.example:80", ()),
        ("mneme.example.evil.example", ()),
        ("evil.example", ()),
        ("evil.example:7860", ()),
        ("127.0.0.1.evil.example", ()),
        ("127.0.0.1@evil.example", ()),
        ("evil.example@127.0.0.1", ()),
        ("evil.example/127.0.0.1", ()),
        ("127.0.0.1,evil.example", ()),
        ("127.0.0.1:x", ()),
        ("[::2", ()),
        ("", ()),
    ],
)
def test_names_that_are_served(host: str, served_by: tuple[Addresses, ...]) -> None:
    assert tuple(one for one in (ALONE, MANY, PUBLIC) if one.serves(host)) == served_by


@pytest.mark.parametrize(
    ("addresses", "origin", "host", "trusted"),
    [
        (ALONE, "http://localhost:7860", "localhost:7860", True),
        (ALONE, "http://localhost:7861", "localhost:7860", False),
        (ALONE, "http://127.0.0.1:7860", "localhost:7860", False),
        (ALONE, "null", "localhost:7860", False),
        (ALONE, "http://[", "localhost:7860", False),
        (ALONE, "", "localhost:7860", False),
        (MANY, "http://192.168.1.7", "192.168.1.7:80", True),
        (MANY, "https://192.168.1.7", "192.168.1.7", True),
        (MANY, "http://192.168.1.8", "192.168.1.7", False),
        (PUBLIC, "https://mneme.example", "mneme.example", True),
        (PUBLIC, "https://mneme.example", "127.0.0.1:7860", True),
        (PUBLIC, "http://mneme.example", "mneme.example", False),
        (PUBLIC, "https://evil.example", "mneme.example", False),
        (PUBLIC, "http://127.0.0.1:7860", "127.0.0.1:7860", True),
        (PUBLIC, "http://127.0.0.1:7861", "127.0.0.1:7860", False),
    ],
)
def test_origins_that_are_trusted(addresses: Addresses, origin: str, host: str, trusted: bool) -> None:
    assert addresses.trusts(origin, host) is trusted


def test_an_origin_is_no_more_than_that() -> None:
    assert origin_of("HTTPS://Mneme.Example:443/") == "https://mneme.example"
    assert origin_of("http://[::1]:80") == "http://[::1]" and origin_of("http://a:8080") == "http://a:8080"
    for wrong in (
        "mneme.example",
        "ftp://a",
        "http://",
        "http://a/b",
        "http://a?b",
        "http://u@a",
        "http://a:b",
        "http://a b",
    ):
        with pytest.raises(ValueError):
            origin_of(wrong)
    assert all(name == name.lower() and name for name in own_names("Box.Example"))
    assert "box.example" in own_names("Box.Example")


def test_the_file_is_as_it_is_described(tmp_path: Path) -> None:
    door(tmp_path)
    kept = json.loads((tmp_path / door_file.NAME).read_text())
    assert kept.keys() == {"secret", "generation", "password"} and kept["password"] == ""
