"""Commands about who may connect: institutions and monitor users."""

from __future__ import annotations

import base64
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from engine.app.cellar import open_applications, open_institutions, open_second_factors, open_users
from engine.cli.entry import say, settings_of, with_settings
from engine.message import shanghai_text
from engine.services.access import load_access
from engine.services.institutions import NotDone

KINDS = click.Choice(["hospital", "portal", "platform"])
ROLES = click.Choice(["viewer", "operator", "engineer", "administrator", "auditor"])
"""The roles of the platform's people; an institution's account has the role `institution`."""


@click.group()
def institution() -> None:
    """Register institutions, before the first start or while the engine runs."""


def _password_from_stdin() -> str:
    password = sys.stdin.readline().rstrip("\n")
    if not password:
        raise click.ClickException("no password came on standard input")
    return password


class Worded(click.Command):
    """A command whose refusals are words for the person at the terminal."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; what cannot be done is told as click tells its own errors."""
        try:
            return super().invoke(ctx)
        except NotDone as problem:
            raise click.ClickException(str(problem)) from problem


@institution.command(cls=Worded)
@click.argument("code")
@click.option("--name", required=True, help="name of the institution, as the hospital writes it")
@click.option("--kind", type=KINDS, default="hospital", show_default=True)
@click.option("--digest", is_flag=True, help="switch it to WS-Security PasswordDigest")
@click.option("--password-stdin", is_flag=True, help="read the password from standard input instead of making one")
@with_settings
def add(code: str, name: str, kind: str, digest: bool, password_stdin: bool, **flags: Any) -> None:  # noqa: FBT001 - click hands flags over so
    """Register an institution, approved; prints a made password once."""
    given = _password_from_stdin() if password_stdin else None
    with open_institutions(settings_of(**flags)) as register:
        password = register.add(code, name, kind, given, digest=digest)
    say(f"institution {code} registered and approved")
    if given is None:
        say(f"password {password}")
        say("this password is shown once; give it to the hospital by a safe way")


@institution.command("list", cls=Worded)
@with_settings
def list_institutions(**flags: Any) -> None:
    """List the registered institutions with their quotas, and the applications that wait for approval."""
    settings = settings_of(**flags)
    quotas = load_access(settings.project).quotas
    with open_institutions(settings) as register:
        for row in register.list():
            marks = [word for word in ("digest" if row.digest else "", str(quotas.of(row.code))) if word]
            say(f"{row.code:<32}  {row.state:<9} {row.kind:<9} {row.name}" + (f"  ({', '.join(marks)})" if marks else ""))
    with open_applications(settings) as applications:
        waiting = applications.waiting()
    if waiting:
        say(f"{len(waiting)} application(s) wait; let one in by: institution approve CODE")
    for one in waiting:
        say(f"{one.institution:<32}  {one.id}  {shanghai_text(one.applied)}  {one.contact}")


@institution.command(cls=Worded)
@click.argument("code", default="")
@click.option("--kind", type=KINDS, default="hospital", show_default=True)
@with_settings
def invite(code: str, kind: str, **flags: Any) -> None:
    """Make a one-time invitation, for the institution CODE or, without it, for any; printed once."""
    settings = settings_of(**flags)
    with open_applications(settings) as applications:
        words = applications.invite(timedelta(seconds=settings.invitation), code=code, kind=kind)
    until = datetime.now(UTC) + timedelta(seconds=settings.invitation)
    say(f"invitation {words}")
    say(
        f"good for one application{f' of {code}' if code else ''} until {shanghai_text(until)}; shown once, give it by a safe way"
    )


@institution.command(cls=Worded)
@click.argument("code")
@with_settings
def approve(code: str, **flags: Any) -> None:
    """Let an institution connect (again)."""
    with open_institutions(settings_of(**flags)) as register:
        register.approve(code)
    say(f"institution {code} approved")


@institution.command(cls=Worded)
@click.argument("code")
@with_settings
def disable(code: str, **flags: Any) -> None:
    """Shut an institution out, within a second everywhere."""
    with open_institutions(settings_of(**flags)) as register:
        register.disable(code)
    say(f"institution {code} disabled")


@institution.command(cls=Worded)
@click.argument("code")
@click.option("--digest/--no-digest", default=None, help="open or close PasswordDigest to it; left as it is by default")
@click.option("--password-stdin", is_flag=True, help="read the password from standard input instead of making one")
@with_settings
def rotate(code: str, digest: bool | None, password_stdin: bool, **flags: Any) -> None:  # noqa: FBT001 - click hands flags over so
    """Give an institution a new password; the old one ends within a second."""
    given = _password_from_stdin() if password_stdin else None
    with open_institutions(settings_of(**flags)) as register:
        password = register.rotate(code, given, digest=digest)
    say(f"institution {code} has a new password" + ("" if given else f"\npassword {password}"))


@institution.command("key", cls=Worded)
@click.argument("code")
@with_settings
def upload_key(code: str, **flags: Any) -> None:
    """Give an institution the key with which it may encrypt its uploads; one it had ends within a second."""
    with open_institutions(settings_of(**flags)) as register:
        key = register.new_upload_key(code)
    say(f"institution {code} may encrypt its uploads")
    say(f"key {base64.b64encode(key).decode()}")
    say("32 bytes in Base64, shown once: AES-256-GCM takes all of them, SM4-GCM the first 16")


@institution.command(cls=Worded)
@click.argument("code")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_settings
def certificate(code: str, file: Path, **flags: Any) -> None:
    """Register the client certificate (PEM) of an institution."""
    with open_institutions(settings_of(**flags)) as register:
        found = register.certificate(code, file.read_text(encoding="utf-8", errors="replace"))  # people note in it whose it is
    say(f"certificate of {code}: SHA-256 {found.fingerprint}, valid until {found.not_after:%Y-%m-%d}")


@click.group()
def user() -> None:
    """Manage the monitor's users."""


@user.command("add", cls=Worded)
@click.argument("name")
@click.option("--role", type=ROLES, help="what a person of the platform may do")
@click.option(
    "--institution",
    "bound_to",
    default="",
    metavar="CODE",
    help="make it an account of this institution, which sees its own only",
)
@click.option("--password-stdin", is_flag=True, help="read the password from standard input instead of making one")
@with_settings
def add_user(name: str, role: str | None, bound_to: str, password_stdin: bool, **flags: Any) -> None:  # noqa: FBT001 - click hands flags over so
    """Add a monitor user, by --role or --institution; prints a made password once."""
    if (role is None) == (not bound_to):
        raise click.UsageError("give either --role or --institution")
    given = _password_from_stdin() if password_stdin else None
    with open_users(settings_of(**flags)) as users:
        password = users.add(name, role or "institution", given, bound_to=bound_to)
    say(f"user {name} added" + ("" if given else f"\npassword {password}"))


@user.command("list", cls=Worded)
@with_settings
def list_users(**flags: Any) -> None:
    """List the monitor's users."""
    with open_users(settings_of(**flags)) as users:
        for one in users.list():
            marks = [*(["second-factor"] if one.second_factor else []), *(["disabled"] if one.disabled else [])]
            say(f"{one.name:<32}  {one.role:<13} {one.institution:<32} {' '.join(marks)}".rstrip())


@user.command("disable", cls=Worded)
@click.argument("name")
@with_settings
def disable_user(name: str, **flags: Any) -> None:
    """Shut a user out and end all sessions at once."""
    with open_users(settings_of(**flags)) as users:
        users.disable(name)
    say(f"user {name} disabled")


@user.command("enable", cls=Worded)
@click.argument("name")
@with_settings
def enable_user(name: str, **flags: Any) -> None:
    """Let a user in again."""
    with open_users(settings_of(**flags)) as users:
        users.enable(name)
    say(f"user {name} enabled")


@user.command("password", cls=Worded)
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="read the password from standard input instead of making one")
@with_settings
def password_of_user(name: str, password_stdin: bool, **flags: Any) -> None:  # noqa: FBT001 - click hands flags over so
    """Give a user a new password; all sessions end, and any lock of the account."""
    given = _password_from_stdin() if password_stdin else None
    with open_users(settings_of(**flags)) as users:
        password = users.change_password(name, given)
    say(f"user {name} has a new password" + ("" if given else f"\npassword {password}"))


@user.command("reset-second-factor", cls=Worded)
@click.argument("name")
@with_settings
def reset_second_factor(name: str, **flags: Any) -> None:
    """Take the second factor away from a user who lost it; all sessions end."""
    with open_second_factors(settings_of(**flags)) as factors:
        factors.reset(name)
    say(f"user {name} has no second factor any more")
