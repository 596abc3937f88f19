"""Say who may book what and when: the rules of config/booking.yaml, each applied only when it is set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator

from engine.errors import ConfigError, Fault
from engine.message import SHANGHAI
from engine.services.appointments.refusals import refuse
from engine.yamlfile import Duration, Sheet, check_model, read_yaml


class Block(Sheet):
    """A person is refused for `length` days after `count` times within `within` days."""

    count: int = Field(ge=1, description="次数 · how often")
    within: int = Field(ge=1, description="在多少天内 · within so many days")
    length: int = Field(ge=1, description="从最后一次起暂停多少天 · blocked for so many days from the last one")


class BookingRules(Sheet):
    """The rules of booking; what is left out is not applied. A hospital's adapter.yaml may differ under `booking`."""

    horizon_days: int | None = Field(None, ge=0, description="最多提前多少天预约 · days ahead that can be booked")
    opens_at: str = Field("", description="每日放号时间 HH:mm · time of day at which booking opens")
    closes_at: str = Field("", description="每日停止预约时间 HH:mm · time of day at which booking closes")
    per_person_day: int | None = Field(None, ge=1, description="同一患者同一就诊日的预约数 · bookings of a person for one day")
    per_person_department: int | None = Field(
        None, ge=1, description="同一患者同一就诊日同一科室的预约数 · bookings of a person for one day and department"
    )
    per_account_day: int | None = Field(None, ge=1, description="同一账户一天内的预约数 · bookings of an account made in one day")
    cancel_days: int | None = Field(None, ge=0, description="最迟在就诊日之前多少天取消 · cancel at least so many days before")
    cancel_until: str = Field("", description="取消截止日的时间 HH:mm · time of that day until which one may cancel")
    no_shows: Block | None = Field(None, description="爽约 · no-shows that block")
    cancels: Block | None = Field(None, description="取消 · cancellations that block")
    guardian_age: int | None = Field(None, ge=0, description="小于此年龄须有监护人 · below this age a guardian is needed")
    stale_after: Duration | None = Field(
        None, description="号源信息早于此时长的医院不可预约 · figures older than this cannot be booked"
    )
    payment_window: Duration = Field(1800.0, description="支付时限 · time to pay, then the order is cancelled")
    lock_life: Duration = Field(600.0, description="锁号时长 · life of a lock")
    unknown_life: Duration = Field(
        600.0,
        description="结果未知的预约重复询问多久，之后取消 · how long a booking of unknown result is repeated, then cancelled",
    )

    @field_validator("opens_at", "closes_at", "cancel_until")
    @classmethod
    def _clock(cls, text: str) -> str:
        if text:
            datetime.strptime(text, "%H:%M")  # noqa: DTZ007 - a time of day
        return text

    @property
    def counted(self) -> bool:
        """Tell whether any rule counts what a person or an account did before."""
        counting = (self.per_person_day, self.per_person_department, self.per_account_day, self.no_shows, self.cancels)
        return any(rule is not None for rule in counting)

    def of(self, differing: Mapping[str, Any]) -> BookingRules:
        """Lay what one hospital sets differently over these rules."""
        given = BookingRules.model_validate(dict(differing))
        return self.model_copy(update={name: getattr(given, name) for name in given.model_fields_set})


def load_rules(path: Path, shown: str = "config/booking.yaml") -> BookingRules:
    """Read config/booking.yaml; without the file no rule is applied. Raises ConfigError with all faults at their places."""
    return check_model(read_yaml(path, shown), BookingRules) if path.exists() else BookingRules()


def check_differing(differing: Mapping[str, Any], shown: str) -> None:
    """Check the `booking` part of an adapter file; raises ConfigError."""
    try:
        BookingRules().of(differing)
    except ValidationError as problem:
        words = "; ".join(f"booking.{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problem.errors())
        raise ConfigError([Fault(file=shown, line=0, column=0, code="CFG-011", message=words)]) from None


def check_day(rules: BookingRules, visit: str, now: datetime) -> None:
    """Refuse a visit that is over, too far ahead, or wished for outside the hours of booking (SND-709)."""
    there = now.astimezone(SHANGHAI)
    day, today = date.fromisoformat(visit), there.date()
    if day < today:
        raise refuse("SND-709", "就诊日期已过。")
    if rules.horizon_days is not None and day > today + timedelta(days=rules.horizon_days):
        raise refuse("SND-709", f"只能预约 {rules.horizon_days} 天以内的号源。")
    clock = f"{there:%H:%M}"
    if (rules.opens_at and clock < rules.opens_at) or (rules.closes_at and clock >= rules.closes_at):
        raise refuse("SND-709", f"放号时间为 {rules.opens_at or '00:00'} 至 {rules.closes_at or '24:00'}。")


def check_age(rules: BookingRules, as_of: datetime, now: datetime) -> None:
    """Refuse figures that are too old to be sold by (SND-719)."""
    if rules.stale_after is not None and now - as_of > timedelta(seconds=rules.stale_after):
        raise refuse("SND-719", "该医院的号源信息已过旧，暂时不能预约。")


def check_cancelling(rules: BookingRules, visit: str, now: datetime) -> None:
    """Refuse a cancellation past its deadline (SND-715)."""
    if rules.cancel_days is None:
        return
    last = date.fromisoformat(visit) - timedelta(days=rules.cancel_days)
    until = f"{last.isoformat()} {rules.cancel_until or '23:59'}"
    if f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" > until:
        raise refuse("SND-715", f"最迟在 {until} 之前取消。")
