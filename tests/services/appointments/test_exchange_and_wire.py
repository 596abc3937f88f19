"""Take up other terms, and ask hospitals only what the table of functions can write."""

import pytest

from engine.documents.jilin.messages import read_message, write_message
from engine.errors import SenderError
from engine.services.appointments.asking import VALUES, person_values, record_values
from engine.services.appointments.counter import filled
from engine.services.appointments.model import Terms
from engine.services.appointments.moving import fresh
from engine.services.appointments.patients import person_of
from engine.services.appointments.rules import BookingRules
from tests.support.booking import HOSPITAL, Office, patient
from tests.support.house_hospital import MemoryHospital, Seats


def test_other_terms_hold_from_the_next_call_on(database):
    office = Office(database, MemoryHospital(slots={"S1": Seats(2)}))
    office.pull()
    office.service.exchange(lambda _code: Terms(functions=frozenset({"2001"})), BookingRules())
    with pytest.raises(SenderError) as refused:
        office.book()
    assert refused.value.first.code == "SND-720"


@pytest.mark.parametrize("function", sorted(VALUES))
def test_what_is_asked_about_an_order_can_be_written_and_read_again(database, function):
    office = Office(database, MemoryHospital(slots={"S1": Seats(2)}))
    office.pull()
    one = office.book()
    office.pay(one.order)
    office.service.cancel("PORTAL-A", one.order, "不去了")
    order = fresh(office.service.counter, one.order)
    asked = {"HOS_ID": "H1", **filled(VALUES[function](order))}
    assert read_message(function, "request", write_message(function, "request", asked)) == asked


def test_questions_about_persons_and_records_can_be_written(database):
    office = Office(database, MemoryHospital(slots={"S1": Seats(2)}))
    office.pull()
    one = fresh(office.service.counter, office.book().order)
    write_message("2012", "request", {"HOS_ID": HOSPITAL, **filled(record_values(one))})
    person = filled(person_values(person_of(patient())))
    write_message("1003", "request", {"HOS_ID": HOSPITAL, **person, "SEX": "1", "BIRTHDAY": "1980-01-01"})
