"""Signing in and out, on phones and in the console."""

import asyncio
import re
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from app.accounts.enums import WeChatApp
from app.accounts.models import MiniSession, SignInTries, Staff, StaffGrant, StaffSession, WeChatIdentity
from app.accounts.queries import grants_of, staff_named
from app.accounts.rules import held_on, longest_for, roles
from app.audit import operations as audit
from app.audit.enums import ActorKind
from app.core import sql
from app.core.clock import china_date, chinese_day
from app.core.crypto import hash_token, keyring
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn, TooMany

log = structlog.get_logger()

MINI_SESSION = timedelta(days=30)
STAFF_SESSION_IDLE = timedelta(minutes=30)
STAFF_SESSION_WHOLE = timedelta(hours=12)
TRIES_BEFORE_LOCK = 5
LOCK = timedelta(minutes=15)
_FORGOTTEN_AT_ONCE = 10
MIN_PASSWORD = 12
# What the sign-in form takes and one can read out on the telephone.
_USERNAME = re.compile(r"[\w.@-]{2,64}")
# What people type when a rule asks for length: a password may contain them, but not consist of them.
_COMMON_PARTS = ("password", "lianxin", "canlian", "admin", "1234567890", "123456", "qwerty", "残联", "连心")

# 19 MiB, 2 rounds: about 20 ms; the semaphore keeps a flood of sign-ins from eating the memory.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_HASHING = asyncio.Semaphore(4)
_NOBODY = _HASHER.hash(secrets.token_urlsafe())


class WrongCredentials(NotSignedIn):
    code = "accounts.wrong_credentials"
    title = "用户名或密码不正确"


class AccountLocked(TooMany):
    code = "accounts.locked"
    title = "连续多次登录失败，已暂时锁定，请15分钟后再试"


class WeakPassword(Invalid):
    code = "accounts.weak_password"
    title = "密码至少12位，不能包含用户名或常见词"


class UsernameTaken(Conflict):
    code = "accounts.username_taken"
    title = "用户名已被使用"


class UsernameWrong(Invalid):
    code = "accounts.username_wrong"
    title = "用户名应为2至64位，只能有文字、数字和 . - _ @"


class NoPower(NotAllowed):
    code = "accounts.no_power"
    title = "您现在没有任何权限，请联系上级残联"


class RoleUnknown(Invalid):
    code = "accounts.role_unknown"
    title = "没有这个角色"


class TermWrong(Invalid):
    code = "accounts.term_wrong"
    title = "权限的期限应从今天起，最长一年"


class GrantNotFound(NotFound):
    code = "accounts.grant_not_found"
    title = "没有这项权限"


class StaffNotFound(NotFound):
    code = "accounts.staff_not_found"
    title = "没有这个用户名"


async def sign_in_phone(*, openid: str, unionid: str | None, now: datetime) -> tuple[str, WeChatIdentity]:
    """Open a session for a phone whose openid WeChat has just told us.

    Returns the bearer token, shown this once, and the identity behind it.
    """
    token = secrets.token_urlsafe(32)
    async with in_transaction():
        identity, _ = await WeChatIdentity.get_or_create(
            app=WeChatApp.MINI, openid=openid, defaults={"unionid": unionid, "created_at": now}
        )
        if unionid and identity.unionid != unionid:
            identity.unionid = unionid
            await identity.save(update_fields=["unionid"])
        if unionid and identity.cadre_id is None and identity.guardian_id is None:
            await _take_guardian_over(identity)
        await MiniSession.filter(identity_id=identity.id, expires_at__lte=now).delete()
        await MiniSession.create(
            token_hash=hash_token(token),
            identity_id=identity.id,
            created_at=now,
            expires_at=now + MINI_SESSION,
        )
    return token, identity


async def _take_guardian_over(identity: WeChatIdentity) -> None:
    """Know somebody at once who is bound in the service account: one unionid is one person."""
    follower = await WeChatIdentity.filter(app=WeChatApp.OFFICIAL, unionid=identity.unionid).first()
    if follower is not None and follower.guardian_id is not None:
        identity.guardian_id = follower.guardian_id
        await identity.save(update_fields=["guardian_id"])


async def sign_in_staff(
    *, username: str, password: str, came_from: str, now: datetime, replaces: str | None = None
) -> tuple[str, Staff]:
    """Open a console session.

    The answer and its time are the same for an unknown name and a wrong password. Five tries in a row under
    one name from one place lock it there for 15 minutes (等保2.0); from elsewhere its owner still enters.

    Args:
        username: in any case.
        password: as typed.
        came_from: the caller's network address.
        now: the present moment.
        replaces: token of the session that this browser had before; if it was his, it ends.

    Returns the session token, shown this once, and the member of staff.

    Raises:
        WrongCredentials: name, password or account is not right.
        AccountLocked: too many tries.
        NoPower: all is right, and nothing is granted to him any more.
    """
    username = username.strip().lower()
    digest = keyring().blind_index(f"{username}\0{came_from}", label="staff.sign_in")
    tries = await sql.retrying(lambda: _count_try(digest, now=now))
    staff = await staff_named(username=username)
    right = await _is_right(staff.password_hash if staff else _NOBODY, password)
    if staff is None or not staff.is_active or not right:
        await _note_failure(staff, is_locked=tries == TRIES_BEFORE_LOCK, now=now)
        raise WrongCredentials
    grants = await grants_of(staff_id=staff.id)
    if not held_on(grants, day=china_date(now)):
        raise no_power(grants)
    token = secrets.token_urlsafe(32)
    async with in_transaction():
        await SignInTries.filter(digest=digest).delete()
        if replaces is not None:
            await StaffSession.filter(staff_id=staff.id, token_hash=hash_token(replaces)).delete()
        await _open_session(staff, token=token, now=now)
    return token, staff


def no_power(grants: Sequence[tuple[str, str, date]]) -> NoPower:
    """Return what is told to somebody who is known, and to whom nothing is granted now."""
    if not grants:
        return NoPower("您的权限已被收回，请联系上级残联")
    ended = max(expires_on for _, _, expires_on in grants)
    return NoPower(f"您的权限已于{chinese_day(ended)}到期，请联系上级残联")


async def _open_session(staff: Staff, *, token: str, now: datetime) -> None:
    await StaffSession.filter(staff_id=staff.id, expires_at__lte=now).delete()
    await StaffSession.create(
        token_hash=hash_token(token),
        staff_id=staff.id,
        created_at=now,
        last_used_at=now,
        expires_at=now + STAFF_SESSION_WHOLE,
    )
    await audit.record(
        actor=_actor(staff), action="staff.signed_in", object_kind="staff", object_id=staff.id, now=now,
        region_code=staff.org_code,
    )  # fmt: skip


async def _count_try(digest: str, *, now: datetime) -> int:
    """Count a try and return how many there were in a row; a hundred at once are a hundred tries."""
    async with in_transaction():
        if not await _count_one_more(digest, now=now):
            added = await sql.execute(
                f"{sql.insert_or_ignore()} INTO sign_in_tries (digest, tries, forgotten_at)"
                " VALUES (%s, %s, %s)",
                (digest, 1, now + LOCK),
            )
            # Not added: it is locked, or somebody began the row a moment ago.
            if not added and not await _count_one_more(digest, now=now):
                raise AccountLocked
        return (await SignInTries.get(digest=digest)).tries


async def _count_one_more(digest: str, *, now: datetime) -> int:
    return await sql.execute(
        "UPDATE sign_in_tries SET tries = CASE WHEN forgotten_at <= %s THEN 1 ELSE tries + 1 END,"
        " forgotten_at = %s WHERE digest = %s AND (tries < %s OR forgotten_at <= %s)",
        (now, now + LOCK, digest, TRIES_BEFORE_LOCK, now),
    )


async def _note_failure(staff: Staff | None, *, is_locked: bool, now: datetime) -> None:
    async with in_transaction():
        # More than are added, so that a flood of invented names leaves no heap behind.
        old = SignInTries.filter(forgotten_at__lte=now).order_by("forgotten_at").limit(_FORGOTTEN_AT_ONCE)
        await SignInTries.filter(
            id__in=await old.values_list("id", flat=True), forgotten_at__lte=now
        ).delete()
        if staff is not None and is_locked:
            await audit.record(
                actor=audit.SYSTEM, action="staff.locked", object_kind="staff", object_id=staff.id, now=now,
                region_code=staff.org_code,
            )  # fmt: skip
    log.info("accounts.sign_in.refused", staff_id=staff.id if staff else None, locked=is_locked)


async def touch_staff_session(*, session_id: int, now: datetime) -> None:
    """Note that a console session is in use, so that it does not end for idleness."""
    await StaffSession.filter(id=session_id).update(last_used_at=now)


async def sign_out_staff(*, token: str) -> None:
    """End a console session; an unknown one is ended already."""
    await StaffSession.filter(token_hash=hash_token(token)).delete()


async def create_staff(
    *, username: str, display_name: str, password: str, org_code: str, role: str, now: datetime
) -> Staff:
    """Give a member of staff an account in the console, and a role for his federation for one year.

    Raises:
        UsernameWrong: empty, too long, or with blanks and other characters nobody could dictate.
        WeakPassword: shorter than 12 characters, or easy to guess.
        UsernameTaken: somebody has this name.
        RoleUnknown: no role has this key.
    """
    username = username.strip().lower()
    if role not in roles():
        raise RoleUnknown
    if not _USERNAME.fullmatch(username):
        raise UsernameWrong
    if not _is_strong(password, username=username):
        raise WeakPassword
    async with _HASHING:
        password_hash = await asyncio.to_thread(_HASHER.hash, password)
    async with in_transaction():
        try:
            staff = await Staff.create(
                username=username,
                display_name=display_name,
                password_hash=password_hash,
                org_code=org_code,
                created_at=now,
            )
        except IntegrityError as error:
            raise UsernameTaken from error
        await StaffGrant.create(
            staff_id=staff.id, org_code=org_code, role=role, granted_at=now, confirmed_on=china_date(now),
            expires_on=longest_for(today=china_date(now)),
        )  # fmt: skip
        await audit.record(
            actor=audit.SYSTEM, action="staff.created", object_kind="staff", object_id=staff.id, now=now,
            region_code=org_code, detail=role,
        )  # fmt: skip
    return staff


async def grant_role(
    *, username: str, org_code: str, role: str, expires_on: date | None = None, now: datetime
) -> date:
    """Let somebody do for a federation what a role may do, or confirm that it shall go on.

    Returns the last day: a year from now unless `expires_on` names an earlier one.

    Raises:
        StaffNotFound: nobody has this name.
        RoleUnknown: no role has this key.
        TermWrong: it would end before today, or in more than a year.
    """
    if role not in roles():
        raise RoleUnknown
    today = china_date(now)
    until = expires_on or longest_for(today=today)
    if not today <= until <= longest_for(today=today):
        raise TermWrong
    async with in_transaction():
        staff = await _locked(username)
        has = StaffGrant.filter(staff_id=staff.id, org_code=org_code, role=role, revoked_at=None)
        if not await has.update(expires_on=until, confirmed_on=today, confirmed_by=None):
            await StaffGrant.create(
                staff_id=staff.id, org_code=org_code, role=role, granted_at=now, expires_on=until,
                confirmed_on=today,
            )  # fmt: skip
        await audit.record(
            actor=audit.SYSTEM, action="staff.granted", object_kind="staff", object_id=staff.id, now=now,
            region_code=org_code, detail=f"{role} {until}",
        )  # fmt: skip
    return until


async def take_grant_back(*, username: str, org_code: str, role: str, now: datetime) -> None:
    """End what was granted to somebody for a federation, from his next click on.

    Raises:
        StaffNotFound: nobody has this name.
        GrantNotFound: he has no such grant.
    """
    async with in_transaction():
        staff = await _locked(username)
        has = StaffGrant.filter(staff_id=staff.id, org_code=org_code, role=role, revoked_at=None)
        if not await has.update(revoked_at=now):
            raise GrantNotFound
        await audit.record(
            actor=audit.SYSTEM, action="staff.grant_taken_back", object_kind="staff", object_id=staff.id,
            now=now, region_code=org_code, detail=role,
        )  # fmt: skip


async def close_account(*, username: str, now: datetime) -> None:
    """End the account of somebody who left, and every session of his, at once.

    Raises:
        StaffNotFound: nobody has this name.
    """
    async with in_transaction():
        staff = await _locked(username)
        await Staff.filter(id=staff.id).update(is_active=False)
        await _end_sessions(staff, action="staff.closed", now=now)


async def set_password(*, username: str, password: str, now: datetime) -> None:
    """Give somebody a new password and let him in again; whoever is signed in under his name is not any more.

    Raises:
        StaffNotFound: nobody has this name.
        WeakPassword: shorter than 12 characters, or easy to guess.
    """
    if not _is_strong(password, username=username.strip().lower()):
        raise WeakPassword
    async with _HASHING:
        password_hash = await asyncio.to_thread(_HASHER.hash, password)
    async with in_transaction():
        staff = await _locked(username)
        await Staff.filter(id=staff.id).update(password_hash=password_hash, is_active=True)
        await _end_sessions(staff, action="staff.password_set", now=now)


async def _locked(username: str) -> Staff:
    staff = await Staff.select_for_update().get_or_none(username=username.strip().lower())
    if staff is None:
        raise StaffNotFound
    return staff


async def _end_sessions(staff: Staff, *, action: str, now: datetime) -> None:
    await StaffSession.filter(staff_id=staff.id).delete()
    await audit.record(
        actor=audit.SYSTEM, action=action, object_kind="staff", object_id=staff.id, now=now,
        region_code=staff.org_code,
    )  # fmt: skip


def _is_strong(password: str, *, username: str) -> bool:
    folded = password.lower()
    if len(password) < MIN_PASSWORD or username in folded:
        return False
    for part in _COMMON_PARTS:
        folded = folded.replace(part, "")
    return len(set(folded)) > 4  # noqa: PLR2004


async def _is_right(password_hash: str, password: str) -> bool:
    async with _HASHING:
        try:
            return await asyncio.to_thread(_HASHER.verify, password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _actor(staff: Staff) -> audit.Actor:
    return audit.Actor(kind=ActorKind.STAFF, id=staff.id)
