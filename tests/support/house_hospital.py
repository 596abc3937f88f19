"""Be a hospital in memory: slots, locks and orders by the Jilin text, with losses and refusals on command."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from engine.errors import Unavailable
from engine.hospital import HospitalReply, Values

FUNCTIONS = frozenset({"1004", "2001", "2002", "2003", "2004", "2005", "2006", "2007", "2008", "2009", "2010", "2011", "2012"})
DAY = "2026-12-01"


@dataclass
class Seats:
    """One slot: `total` seats, `others` of them sold to people who did not come through us."""

    total: int
    others: int = 0
    status: str = "1"
    begins: str = ""
    ends: str = ""


@dataclass
class MemoryHospital:
    """One hospital; `before` and `after` are called with the function around its work, and may raise what a network would."""

    slots: dict[str, Seats] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)
    before: Callable[[str], None] = lambda _function: None
    after: Callable[[str], None] = lambda _function: None
    asked: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def ask(self, institution: str, function: str, values: Values) -> HospitalReply:
        """Answer as `Ask` does."""
        left = self.now()
        self.before(function)
        with self.guard:
            self.asked.append(function)
            code, told = getattr(self, f"f{function}")(values)
        self.after(function)
        return HospitalReply(code=code, message=f"医院应答 {code}", values=told, asked=left, answered=self.now())

    def taken(self, reg_id: str) -> int:
        """Count the seats that are gone."""
        ours = sum(1 for one in self.orders.values() if one["REG_ID"] == reg_id and one["STATUS"] in ("2", "3", "6"))
        locked = sum(1 for lock, its in self.locks.items() if its == reg_id and lock not in self.orders)
        return ours + locked + self.slots[reg_id].others

    def f1004(self, _values: Values):
        return "0", {
            "NAME": "测试医院",
            "SHORT_NAME": "测试",
            "ADDRESS": "测试路",
            "TEL": "1",
            "LEVEL": "5",
            "MAX_REG_DAYS": "14",
        }

    def f2001(self, _values: Values):
        return "0", {"DEPT_LIST": ({"DEPT_ID": "D1", "DEPT_NAME": "内科", "PARENT_ID": "-1", "DESC": "", "STATUS": "1"},)}

    def f2002(self, _values: Values):
        one = {"DEPT_ID": "D1", "DOCTOR_ID": "Y1", "NAME": "测试医生", "REG_FEE": "500", "STATUS": "1", "SEX": "1"}
        return "0", {"DOCTOR_LIST": (one,)}

    def f2003(self, _values: Values):
        whole = [(name, one, "0") for name, one in self.slots.items() if not one.begins]
        timed = [one for one in self.slots.values() if one.begins]
        if timed:
            whole.append(("TIMED", Seats(sum(one.total for one in timed)), "1"))
        times = tuple(
            {"REG_ID": name, "TIME_FLAG": "1", "REG_STATUS": one.status, "TOTAL": str(one.total),
             "OVER_COUNT": str(one.total if is_timed == "1" else one.total - self.taken(name)), "REG_LEVEL": "1",
             "REG_FEE": "500", "TREAT_FEE": "1500", "ISTIME": is_timed}
            for name, one, is_timed in whole
        )  # fmt: skip
        days = ({"REG_DATE": DAY, "REG_WEEKDAY": "星期二", "REG_TIME_LIST": times},)
        return "0", {"REG_DOCTOR_LIST": ({"DOCTOR_ID": "Y1", "NAME": "测试医生", "JOB_TITLE": "主任医师", "REG_LIST": days},)}

    def f2004(self, _values: Values):
        times = tuple(
            {"TIME_FLAG": "1", "BEGIN_TIME": one.begins, "END_TIME": one.ends, "TOTAL": str(one.total),
             "OVER_COUNT": str(one.total - self.taken(name)), "REG_ID": name}
            for name, one in self.slots.items() if one.begins
        )  # fmt: skip
        return "0", {"TIME_REG_LIST": times}

    def f2005(self, values: Values):
        if values["LOCK_ID"] in self.locks:
            return "200504", {}
        if self._full(values["REG_ID"]):
            return "200505", {}
        self.locks[values["LOCK_ID"]] = values["REG_ID"]
        return "0", {}

    def f2006(self, values: Values):
        return ("0", {}) if self.locks.pop(values["LOCK_ID"], None) else ("200601", {})

    def f2007(self, values: Values):
        order_id, reg_id = values["ORDER_ID"], values["REG_ID"]
        if order_id in self.orders:
            return "200708", {}
        if order_id not in self.locks and self._full(reg_id):
            return "200709", {}
        self.locks.pop(order_id, None)
        self.orders[order_id] = {"STATUS": "2", "REG_ID": reg_id, "PAID": 0, "DATE": values["REG_DATE"]}
        told = {"HOSP_ORDER_ID": f"H{order_id}", "HOSP_PATIENT_ID": "P1", "IS_CONCESSIONS": "0", "HOSP_SERIAL_NUM": "7"}
        return "0", told

    def _full(self, reg_id: str) -> bool:
        one = self.slots[reg_id]
        return one.status != "1" or self.taken(reg_id) >= one.total

    def f2008(self, values: Values):
        one = self.orders.get(values["ORDER_ID"])
        ended = {None: "200801", "4": "200805", "5": "200806", "6": "200802", "3": "200802"}
        code = ended.get(one["STATUS"] if one else None, "0")
        if code == "0":
            one.update(STATUS="6", PAID=int(values["PAY_FEE"]))
        return code, {"HOSP_PAY_ID": f"Z{values['ORDER_ID']}"}

    def f2009(self, values: Values):
        one = self.orders.get(values["ORDER_ID"])
        ended = {None: "200901", "4": "200805", "5": "200806", "6": "200902", "3": "200902"}
        code = ended.get(one["STATUS"] if one else None, "0")
        if code == "0":
            one["STATUS"] = "4"
        return code, {}

    def f2010(self, values: Values):
        one = self.orders.get(values["ORDER_ID"])
        ended = {None: "201001", "2": "201002", "4": "200805", "5": "200806", "3": "200807"}
        code = ended.get(one["STATUS"] if one else None, "0")
        if code == "0":
            one["STATUS"] = "5"
        return code, {"HOSP_REFUND_ID": "R1", "REFUND_FLAG": "1"}

    def f2011(self, values: Values):
        one = self.orders.get(values["ORDER_ID"])
        if one is None or one["STATUS"] not in ("6", "3"):
            return "201102", {}
        one["STATUS"] = "3"
        return "0", {"HOSP_SERIAL_NUM": "8"}

    def f2012(self, values: Values):
        wanted = values.get("ORDER_ID", "")
        rows = tuple(
            {"ORDER_ID": order_id, "ORDER_STATUS": one["STATUS"], "HOSP_SERIAL_NUM": "7"}
            for order_id, one in sorted(self.orders.items())
            if wanted in ("", order_id) and values["BEGIN_DATE"] <= one["DATE"] <= values["END_DATE"]
        )
        size, page = int(values["PAGE_SIZE"]), int(values["PAGE_CURRENT"])
        shown = rows[(page - 1) * size : page * size]
        return ("0", {"COUNT": str(len(rows)), "ORDER_LIST": shown}) if rows else ("201201", {})


def lost(*, unknown: bool) -> Unavailable:
    """Make the error of a network that lost a question or an answer."""
    return Unavailable("DST-103", "lost", unknown=unknown)
