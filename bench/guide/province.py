"""Invent a province of doctors with the seats of their next days, and put it on show."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from engine.services.appointments.tables import slot
from engine.services.guide.seats import note_free
from engine.store.database import Database
from tests.support.guide import DepartmentEntry, DoctorEntry, HospitalEntry, show

PLACES = (("长春市", "2201"), ("吉林市", "2202"), ("四平市", "2203"), ("辽源市", "2204"), ("通化市", "2205"), ("白山市", "2206"))
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕单解仇"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰文斌红建国志海燕春梅晓东宇晨浩然子轩雨欣思远"
DEPARTMENTS = (
    "心血管内科", "内分泌科", "呼吸内科", "消化内科", "神经内科", "肾内科", "血液科", "风湿免疫科", "普通外科", "骨科", "神经外科", "泌尿外科",
    "胸外科", "妇科", "产科", "儿科", "眼科", "耳鼻喉科", "口腔科", "皮肤科", "中医科", "康复科", "肿瘤科", "急诊科", "感染科",
)  # fmt: skip
DISEASES = (
    "2型糖尿病", "高血压病", "冠心病", "心肌炎", "心律失常", "心力衰竭", "甲状腺结节", "甲亢", "骨质疏松", "痛风", "慢性支气管炎", "肺炎", "哮喘",
    "肺结节", "胃溃疡", "慢性胃炎", "脂肪肝", "乙型肝炎", "肝硬化", "胆结石", "脑梗死", "脑出血", "癫痫", "帕金森病", "偏头痛", "肾炎", "肾结石",
    "尿毒症", "贫血", "白血病", "淋巴瘤", "类风湿关节炎", "强直性脊柱炎", "腰椎间盘突出", "颈椎病", "骨折", "膝关节炎", "前列腺增生", "膀胱癌",
    "肺癌", "乳腺癌", "乳腺增生", "子宫肌瘤", "卵巢囊肿", "不孕症", "小儿肺炎", "小儿腹泻", "手足口病", "白内障", "青光眼", "近视", "中耳炎",
    "鼻窦炎", "扁桃体炎", "牙周炎", "龋齿", "湿疹", "荨麻疹", "痤疮", "银屑病", "带状疱疹", "失眠", "焦虑症", "抑郁症", "脊髓损伤", "偏瘫",
)  # fmt: skip
_SHARES = (15, 25, 30, 25, 5)
_TITLES = (1, 2, 3, 4, 9)
_LARGE = 1000


def seed(database: Database, doctors: int, dice: random.Random, *, large: int = _LARGE) -> list[str]:
    """Put hospitals of `large` doctors on show, half of whom have a free seat; gives the names of the hospitals.

    The store must be the one that checkpoints.
    """
    names = []
    for number, start in enumerate(range(0, doctors, large), start=1):
        place, area = PLACES[number % len(PLACES)]
        name, code = f"{place}第{number}人民医院", f"B{number:04d}"
        people = [_doctor(one, dice) for one in range(min(large, doctors - start))]
        said = HospitalEntry(name=name, short_name=f"{place[:2]}{number}院", area=f"{area}02", level="三级甲等")
        with database.write() as connection:
            show(connection, code, people, said=said, departments=list(_departments(dice)))
            connection.execute(insert(slot), list(_slots(code, people, dice)))
        database.checkpoint()
        names.append(name)
    note_free(database, {f"B{number:04d}" for number in range(1, len(names) + 1)}, datetime.now(UTC))
    return names


def name_of(dice: random.Random) -> str:
    """Invent a name of two or three characters."""
    return dice.choice(SURNAMES) + "".join(dice.choices(GIVEN, k=dice.choice((1, 2, 2))))


def _departments(dice: random.Random) -> Iterator[DepartmentEntry]:
    for number, name in enumerate(DEPARTMENTS):
        yield DepartmentEntry(department=f"D{number}", name=name, diseases=tuple(dice.sample(DISEASES, 4)))


def _doctor(number: int, dice: random.Random) -> DoctorEntry:
    some = dice.sample(DISEASES, 6)
    return DoctorEntry(
        doctor=f"E{number:05d}", name=name_of(dice), department=f"D{number % len(DEPARTMENTS)}", sex=dice.choice("12"),
        title=dice.choices(_TITLES, _SHARES)[0], specialty=f"擅长{some[0]}、{some[1]}的诊断与治疗，对{some[2]}有丰富的临床经验",
        diseases=tuple(some[3:]), introduction="<p>介绍</p>" * 20,
    )  # fmt: skip


def _slots(code: str, people: list[DoctorEntry], dice: random.Random) -> Iterator[dict[str, Any]]:
    """Give every doctor four half days of the next week; half of the doctors are full."""
    now = datetime.now(UTC)
    numbers = {
        "registration_fee": 500,
        "treatment_fee": 1500,
        "total": 20,
        "remaining": 20,
        "held": 0,
        "sold": 0,
        "unsure": 0,
        "doubt": 0,
    }
    for one in people:
        full = dice.random() < 0.5
        for number in range(4):
            day = (now + timedelta(days=1 + number)).date().isoformat()
            name = f"{one.doctor}-{number}"
            yield {
                "institution": code, "slot": name, "reg_id": name, "schedule": name, "department": one.department,
                "doctor": one.doctor, "date": day, "half": str(1 + number % 2), "begins": "", "ends": "", "level": "1",
                "status": "open", "stop": "", **numbers, "unlimited": False, "free": 0 if full else 20, "version": 1,
                "last_event": now, "as_of": now,
            }  # fmt: skip
