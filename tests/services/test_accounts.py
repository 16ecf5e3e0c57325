"""People come in by links and codes that work once; accounts and roles are given only within one's own organisations."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from eventhub.domain.facts import HOUSE, Actor
from eventhub.domain.problems import Conflict, NotAllowed, NotFound, Refused
from eventhub.domain.terms import LetterState, OrganisationKind, Role
from eventhub.extensions import db, transaction
from eventhub.i18n import Bilingual
from eventhub.models.accounts import Account, SigninAttempt, SigninLink
from eventhub.models.invites import Letter
from eventhub.models.journal import JournalEntry
from eventhub.queries import accounts as queries
from eventhub.services import accounts, links, organisations, signin
from eventhub.services.accounts import AccountDraft
from eventhub.services.organisations import OrganisationDraft

AT = datetime(2026, 5, 4, 1, 0, tzinfo=UTC)
NETWORK = "203.0.113.7"


@pytest.fixture
def house(app: Flask) -> Iterator[Flask]:
    """A region with two cities, and nobody in them."""
    with app.app_context():
        organisations.plant(
            [
                OrganisationDraft("NX", OrganisationKind.REGION, Bilingual("宁夏总工会", "Ningxia")),
                OrganisationDraft("YC", OrganisationKind.CITY, Bilingual("银川市总工会", "Yinchuan"), "NX"),
                OrganisationDraft("WZ", OrganisationKind.CITY, Bilingual("吴忠市总工会", "Wuzhong"), "NX"),
                OrganisationDraft("YC1", OrganisationKind.PRIMARY, Bilingual("一小工会", "School 1"), "YC"),
            ],
            by=HOUSE,
            at=AT,
        )
        yield app


@pytest.fixture
def malan(house: Flask) -> Actor:
    """A guardian with an address."""
    return made("马兰", "malan@example.org", Role.GUARDIAN)


@pytest.fixture
def chen(house: Flask) -> Actor:
    """The organiser of one city."""
    return made("陈主任", "chen@example.org", Role.ORGANISER, "YC")


def made(name: str, email: str, role: Role, organisation: str = "", phone: str = "") -> Actor:
    return queries.actor_by_code(accounts.create(name, email, phone, role, organisation, by=HOUSE, at=AT))


def letters() -> list[Letter]:
    found = db.session.scalars(select(Letter).order_by(Letter.id)).all()
    return list(found)


def token_in(letter: Letter) -> str:
    return str(letter.context["url"]).rpartition("/")[2].partition("?")[0]


def asked(identifier: str = "malan@example.org", at: datetime = AT) -> tuple[str, str]:
    """Token and code of the letter that asking brings."""
    signin.ask(identifier, network=NETWORK, at=at)
    letter = letters()[-1]
    return token_in(letter), str(letter.context["code"])


def code_of(actor: Actor) -> str:
    return str(db.session.scalars(select(Account.code).where(Account.id == actor.account_id)).one())


# -- Links -------------------------------------------------------------------------------------------


def test_asking_puts_a_letter_with_link_and_code_into_the_outbox(malan: Actor):
    signin.ask(" MaLan@Example.ORG ", network=NETWORK, at=AT, onward="/my/calendar")
    (letter,) = letters()
    assert (letter.name, letter.recipient_address, letter.state) == (
        "signin",
        "malan@example.org",
        LetterState.QUEUED,
    )
    assert str(letter.context["url"]).startswith("http://127.0.0.1:8000/sign-in/")
    assert str(letter.context["url"]).endswith("?next=/my/calendar")
    assert len(str(letter.context["code"])) == 6
    assert letter.context["minutes"] == 15


def test_the_database_keeps_no_token_and_no_code_of_a_link(malan: Actor):
    token, code = asked()
    link = db.session.scalars(select(SigninLink)).one()
    assert {token, code}.isdisjoint({link.token_digest, link.code_digest})


def test_a_link_lets_in_once(malan: Actor):
    token, _code = asked()
    assert signin.redeem(token, at=AT).account_id == malan.account_id
    with pytest.raises(Refused) as refused:
        signin.redeem(token, at=AT)
    assert [problem.code for problem in refused.value.problems] == ["link_spent"]


def test_a_link_ends_after_a_quarter_of_an_hour(malan: Actor):
    token, _code = asked()
    assert queries.link_works(token, at=AT + timedelta(minutes=14, seconds=59))
    assert not queries.link_works(token, at=AT + timedelta(minutes=15))
    with pytest.raises(Refused):
        signin.redeem(token, at=AT + timedelta(minutes=15))


def test_a_link_that_never_was_lets_nobody_in(malan: Actor):
    with pytest.raises(Refused):
        signin.redeem("never-was", at=AT)


def test_asking_whether_a_link_works_uses_nothing_up(malan: Actor):
    token, _code = asked()
    assert [queries.link_works(token, at=AT) for _ in range(3)] == [True, True, True]
    signin.redeem(token, at=AT)
    assert not queries.link_works(token, at=AT)


@pytest.mark.database
def test_of_two_who_use_a_link_at_the_same_moment_one_comes_in(malan: Actor, house: Flask):
    for _round in range(5):
        token = signin.signin_link(account=code_of(malan), at=AT).rpartition("/")[2]
        assert together(house, token, 4) == ["in", "refused", "refused", "refused"]


@pytest.mark.database
def test_a_link_checked_before_it_is_marked_would_let_two_in(
    malan: Actor, house: Flask, monkeypatch: pytest.MonkeyPatch
):
    """The control: the same race over a look first and a mark afterwards lets more than one in."""
    barrier = threading.Barrier(4, timeout=20)

    def look_then_mark(token: str, *, at: datetime) -> signin.SignedIn:
        link = db.session.scalars(
            select(SigninLink).where(SigninLink.token_digest == queries.token_digest(token))
        ).one()
        link_id, account_id, used = link.id, link.account_id, link.used_at
        db.session.rollback()
        barrier.wait()
        if used is not None:
            raise Refused
        with transaction() as session:
            session.execute(update(SigninLink).where(SigninLink.id == link_id).values(used_at=at))
        return signin.SignedIn(account_id, "zh")

    monkeypatch.setattr(signin, "redeem", look_then_mark)
    token = signin.signin_link(account=code_of(malan), at=AT).rpartition("/")[2]
    assert together(house, token, 4) == ["in", "in", "in", "in"]


def together(app: Flask, token: str, count: int) -> list[str]:
    """What becomes of so many who use a link at the same moment."""
    start = threading.Barrier(count, timeout=20)
    outcomes: list[str] = []

    def use() -> None:
        with app.app_context():
            start.wait()
            try:
                signin.redeem(token, at=AT)
                outcomes.append("in")
            except Refused:
                outcomes.append("refused")

    threads = [threading.Thread(target=use) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return sorted(outcomes)


def test_coming_in_is_remembered_and_noted_without_an_address(malan: Actor):
    signin.redeem(asked()[0], at=AT)
    signin.redeem(asked()[0], at=AT + timedelta(minutes=1))
    account = db.session.get(Account, malan.account_id)
    assert account is not None
    assert (account.login_count, account.last_login_at, account.current_login_at) == (
        2,
        AT,
        AT + timedelta(minutes=1),
    )
    assert account.confirmed_at == AT
    entry = db.session.scalars(select(JournalEntry).where(JournalEntry.event == "signed_in")).first()
    assert entry is not None
    assert (entry.account_id, entry.code, entry.details) == (malan.account_id, account.code, {})


def test_a_link_from_the_terminal_goes_to_the_first_of_a_role(malan: Actor, chen: Actor):
    made("周主任", "zhou@example.org", Role.ORGANISER, "WZ")
    token = signin.signin_link(role=Role.ORGANISER, at=AT).rpartition("/")[2]
    assert signin.redeem(token, at=AT).account_id == chen.account_id
    with pytest.raises(NotFound):
        signin.signin_link(role=Role.OFFICER, at=AT)


# -- Unknown people ----------------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", ["nobody@example.org", "13900000000", "", "马兰", "a@b", "x" * 300])
def test_nothing_is_sent_to_who_is_not_known_and_nothing_is_said(malan: Actor, identifier: str):
    signin.ask(identifier, network=NETWORK, at=AT)
    assert letters() == []
    assert db.session.scalar(select(func.count(SigninAttempt.id))) == 2


def test_an_account_is_found_by_its_number_however_it_is_written(house: Flask):
    made("丁国强", "ding@example.org", Role.MEMBER, phone="13812345678")
    signin.ask("+86 138-1234-5678", network=NETWORK, at=AT)
    assert [letter.recipient_address for letter in letters()] == ["ding@example.org"]


def test_an_account_without_an_address_is_sent_nothing(house: Flask):
    made("丁国强", "", Role.MEMBER, phone="13812345678")
    signin.ask("13812345678", network=NETWORK, at=AT)
    assert letters() == []


def test_a_closed_account_lets_nobody_in(malan: Actor, chen: Actor):
    token, code = asked()
    accounts.close(code_of(malan), by=HOUSE, at=AT)
    assert not queries.link_works(token, at=AT)
    with pytest.raises(Refused):
        signin.redeem_code("malan@example.org", code, network=NETWORK, at=AT)
    with pytest.raises(Refused):
        signin.redeem(token, at=AT)
    with pytest.raises(NotFound):
        queries.actor(malan.account_id)


# -- Codes -------------------------------------------------------------------------------------------


def test_a_code_lets_in_once(malan: Actor):
    _token, code = asked()
    signed_in = signin.redeem_code("malan@example.org", f" {code[:3]} {code[3:]}", network=NETWORK, at=AT)
    assert signed_in.account_id == malan.account_id
    with pytest.raises(Refused):
        signin.redeem_code("malan@example.org", code, network=NETWORK, at=AT)


def test_a_link_and_its_code_are_one_way_in_not_two(malan: Actor):
    token, code = asked()
    signin.redeem(token, at=AT)
    with pytest.raises(Refused):
        signin.redeem_code("malan@example.org", code, network=NETWORK, at=AT)


def test_a_code_of_another_account_does_not_fit(malan: Actor):
    made("白洁", "bai@example.org", Role.GUARDIAN)
    _token, code = asked("bai@example.org")
    asked("malan@example.org")
    with pytest.raises(Refused):
        signin.redeem_code("malan@example.org", code, network=NETWORK, at=AT)


def test_after_five_wrong_codes_the_right_one_no_longer_works_but_the_link_does(malan: Actor):
    token, code = asked()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _try in range(links.CODE_TRIES):
        with pytest.raises(Refused):
            signin.redeem_code("malan@example.org", wrong, network=NETWORK, at=AT)
    with pytest.raises(Refused) as refused:
        signin.redeem_code("malan@example.org", code, network=NETWORK, at=AT)
    assert refused.value.problems[0].code == "wrong_code"
    assert signin.redeem(token, at=AT).account_id == malan.account_id


def test_the_older_of_two_codes_works_too(malan: Actor):
    _token, older = asked()
    asked(at=AT + timedelta(minutes=1))
    signin.redeem_code("malan@example.org", older, network=NETWORK, at=AT + timedelta(minutes=2))


# -- The throttle ------------------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", ["malan@example.org", "nobody@example.org"])
def test_asking_too_often_for_one_account_is_refused_known_or_not(malan: Actor, identifier: str):
    for turn in range(signin.ASKED_FOR_ONE_ACCOUNT):
        signin.ask(identifier, network=f"198.51.100.{turn}", at=AT)
    with pytest.raises(Refused) as refused:
        signin.ask(identifier, network="198.51.100.99", at=AT)
    assert refused.value.problems[0].code == "too_many"
    assert "15" in str(refused.value)


def test_who_is_held_back_may_ask_again_after_the_window(malan: Actor):
    for _turn in range(signin.ASKED_FOR_ONE_ACCOUNT):
        signin.ask("malan@example.org", network=NETWORK, at=AT)
    with pytest.raises(Refused):
        signin.ask("malan@example.org", network=NETWORK, at=AT + timedelta(minutes=14))
    signin.ask("malan@example.org", network=NETWORK, at=AT + timedelta(minutes=15))
    assert len(letters()) == signin.ASKED_FOR_ONE_ACCOUNT + 1


def test_asking_for_many_accounts_from_one_network_is_refused(malan: Actor):
    for turn in range(signin.ASKED_FROM_ONE_NETWORK):
        signin.ask(f"p{turn}@example.org", network=NETWORK, at=AT)
    with pytest.raises(Refused):
        signin.ask("malan@example.org", network=NETWORK, at=AT)
    signin.ask("malan@example.org", network="198.51.100.1", at=AT)


def test_guessing_codes_of_many_accounts_from_one_network_is_refused(malan: Actor):
    for turn in range(signin.WRONG_FROM_ONE_NETWORK):
        with pytest.raises(Refused):
            signin.redeem_code(f"p{turn}@example.org", "000000", network=NETWORK, at=AT)
    with pytest.raises(Refused) as refused:
        signin.redeem_code("malan@example.org", "000000", network=NETWORK, at=AT)
    assert refused.value.problems[0].code == "too_many"


def test_the_throttle_says_nothing_of_whom_it_counts(malan: Actor):
    signin.ask("malan@example.org", network=NETWORK, at=AT)
    keys = db.session.scalars(select(SigninAttempt.key)).all()
    assert all(len(key) == 64 and "malan" not in key and NETWORK not in key for key in keys)


def test_old_attempts_and_links_are_swept_away(malan: Actor):
    asked()
    signin.ask("nobody@example.org", network=NETWORK, at=AT + timedelta(days=2))
    assert db.session.scalar(select(func.count(SigninAttempt.id))) == 2
    assert db.session.scalar(select(func.count(SigninLink.id))) == 0


# -- Making accounts ---------------------------------------------------------------------------------


def test_somebody_makes_an_account_and_is_let_in_by_the_link_sent(house: Flask):
    draft = AccountDraft("白洁", "Bai@example.org", "138 1234 5678", Role.GUARDIAN, "YC1", "en")
    signin.sign_up(draft, network=NETWORK, at=AT)
    (letter,) = letters()
    assert (letter.recipient_address, letter.locale) == ("bai@example.org", "en")
    signed_in = signin.redeem(token_in(letter), at=AT)
    actor = queries.actor(signed_in.account_id)
    assert (actor.name, actor.roles, actor.scope) == ("白洁", frozenset({Role.GUARDIAN}), ())


def test_who_has_an_account_already_is_sent_a_link_to_it_instead(malan: Actor):
    signin.sign_up(AccountDraft("别人", "MALAN@example.org", role=Role.MEMBER), network=NETWORK, at=AT)
    (letter,) = letters()
    assert letter.account_id == malan.account_id
    assert queries.actor(malan.account_id) == malan
    assert db.session.scalar(select(func.count(Account.id))) == 1


def test_nobody_makes_themselves_an_organiser(house: Flask):
    for role in (Role.ORGANISER, Role.OFFICER):
        with pytest.raises(NotAllowed):
            signin.sign_up(AccountDraft("某人", "a@example.org", "", role, "NX"), network=NETWORK, at=AT)
    assert db.session.scalar(select(func.count(Account.id))) == 0


@pytest.mark.parametrize(
    ("draft", "problems"),
    [
        (AccountDraft("", "a@example.org"), {("missing", "name")}),
        (AccountDraft("马\u202e兰", "a@example.org"), {("control_characters", "name")}),
        (AccountDraft("马兰"), {("missing", "email")}),
        (AccountDraft("马兰", "malan@", "123"), {("bad_email", "email"), ("bad_phone", "phone")}),
        (AccountDraft("马兰", "a@example.org\r\nBcc: x@example.org"), {("bad_email", "email")}),
        (AccountDraft("马兰", "a@example.org", organisation="XX"), {("no_such_unit", "organisation")}),
    ],
)
def test_every_slip_of_a_new_account_is_named_at_its_field(
    house: Flask, draft: AccountDraft, problems: set[tuple[str, str]]
):
    with pytest.raises(Refused) as refused:
        signin.sign_up(draft, network=NETWORK, at=AT)
    assert {(problem.code, problem.field) for problem in refused.value.problems} == problems
    assert db.session.scalar(select(func.count(Account.id))) == 0


def test_sign_ups_from_one_network_are_limited(house: Flask):
    for turn in range(signin.SIGN_UPS_FROM_ONE_NETWORK):
        signin.sign_up(AccountDraft("马兰", f"p{turn}@example.org"), network=NETWORK, at=AT)
    with pytest.raises(Refused) as refused:
        signin.sign_up(AccountDraft("马兰", "last@example.org"), network=NETWORK, at=AT)
    assert refused.value.problems[0].code == "too_many"


def test_several_accounts_are_made_all_or_none(house: Flask):
    drafts = [AccountDraft("马兰", "a@example.org"), AccountDraft("丁强", "a@example.org")]
    with pytest.raises(Conflict):
        accounts.create_many(drafts, by=HOUSE, at=AT)
    assert db.session.scalar(select(func.count(Account.id))) == 0


def test_an_account_has_no_password(malan: Actor):
    account = db.session.get(Account, malan.account_id)
    assert account is not None
    assert account.password is None


# -- Roles and scope ---------------------------------------------------------------------------------


def test_an_organiser_acts_within_the_own_city_and_all_below_it(chen: Actor):
    assert chen.scope == ("YC",)
    assert [queries.covers(chen, code) for code in ("YC", "YC1", "WZ", "NX", "", "XX")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def test_a_member_of_a_unit_has_no_scope_in_it(house: Flask):
    member = made("王建国", "wang@example.org", Role.MEMBER, "YC1")
    assert (member.scope, queries.covers(member, "YC1")) == ((), False)


def test_an_organiser_makes_accounts_within_the_own_scope_only(chen: Actor):
    accounts.create("李干事", "li@example.org", "", Role.OFFICER, "YC1", by=chen, at=AT)
    for organisation in ("WZ", "NX", ""):
        with pytest.raises(NotFound):
            accounts.create("某人", "x@example.org", "", Role.ORGANISER, organisation, by=chen, at=AT)


def test_nobody_but_an_organiser_gives_roles(chen: Actor, malan: Actor):
    officer = made("李干事", "li@example.org", Role.OFFICER, "YC")
    for by in (officer, malan):
        with pytest.raises(NotAllowed):
            accounts.grant(code_of(malan), Role.OFFICER, "YC1", by=by, at=AT)
    assert queries.actor(malan.account_id).roles == {Role.GUARDIAN}


def test_a_role_is_given_and_taken_back(chen: Actor, malan: Actor):
    code = code_of(malan)
    accounts.grant(code, Role.OFFICER, "YC1", by=chen, at=AT)
    accounts.grant(code, Role.OFFICER, "YC1", by=chen, at=AT)
    assert queries.actor(malan.account_id).scope == ("YC1",)
    assert [each.name for each in queries.colleagues(chen)] == ["陈主任", "马兰"]
    accounts.revoke(code, Role.OFFICER, "YC1", by=chen, at=AT)
    assert queries.actor(malan.account_id).roles == {Role.GUARDIAN}
    with pytest.raises(NotFound):
        accounts.revoke(code, Role.OFFICER, "YC1", by=chen, at=AT)


def test_a_change_of_role_ends_every_stay_of_the_account(chen: Actor, malan: Actor):
    def identity() -> str:
        return db.session.scalars(select(Account.fs_uniquifier).where(Account.id == malan.account_id)).one()

    before = identity()
    accounts.grant(code_of(malan), Role.OFFICER, "YC1", by=chen, at=AT)
    granted = identity()
    accounts.revoke(code_of(malan), Role.OFFICER, "YC1", by=chen, at=AT)
    assert len({before, granted, identity()}) == 3


def test_one_account_is_not_organiser_here_and_officer_there(chen: Actor):
    with pytest.raises(Conflict):
        accounts.grant(code_of(chen), Role.OFFICER, "NX", by=HOUSE, at=AT)
    assert queries.actor(chen.account_id).scope == ("YC",)


def test_colleagues_of_another_city_are_not_shown(chen: Actor):
    made("周主任", "zhou@example.org", Role.ORGANISER, "WZ")
    made("李干事", "li@example.org", Role.OFFICER, "YC1")
    assert [each.name for each in queries.colleagues(chen)] == ["李干事", "陈主任"]


def test_an_invited_colleague_gets_a_letter_and_comes_in_by_it(chen: Actor):
    accounts.invite_colleague("李干事", "li@example.org", Role.OFFICER, "YC1", by=chen, at=AT)
    (letter,) = letters()
    assert (letter.name, letter.context["organisation"], letter.context["invited_by"]) == (
        "invited_colleague",
        "一小工会",
        "陈主任",
    )
    signed_in = signin.redeem(token_in(letter), at=AT + timedelta(days=6))
    assert queries.actor(signed_in.account_id).scope == ("YC1",)


def test_a_colleague_is_invited_within_the_own_scope_only(chen: Actor):
    with pytest.raises(NotFound):
        accounts.invite_colleague("周", "zhou@example.org", Role.OFFICER, "WZ", by=chen, at=AT)
    with pytest.raises(NotAllowed):
        accounts.invite_colleague("周", "zhou@example.org", Role.MEMBER, "YC1", by=chen, at=AT)
    assert letters() == []


def test_the_calendar_address_is_renewed_and_the_old_one_is_dead(malan: Actor):
    old = queries.account(malan.account_id).feed_token
    assert queries.by_feed_token(old) == malan.account_id
    accounts.renew_feed(malan.account_id, at=AT)
    with pytest.raises(NotFound):
        queries.by_feed_token(old)
