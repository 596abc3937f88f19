"""List what the simulated hospital answers, by function number of the Jilin text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.simulator import booking, looking, papers, referring
from engine.simulator.site import Site, Values

ANSWERS: Mapping[str, Callable[[Site, Values], Values]] = {
    "1001": looking.net_test,
    "1002": looking.create_patient,
    "1003": looking.patient_info,
    "1004": looking.hospital_info,
    "1005": looking.check_card,
    "2001": looking.departments,
    "2002": looking.doctors,
    "2003": looking.schedules,
    "2004": looking.stretches,
    "2005": booking.lock,
    "2006": booking.unlock,
    "2007": booking.book_seat,
    "2008": booking.pay,
    "2009": booking.cancel,
    "2010": booking.refund,
    "2011": booking.fetch,
    "2012": booking.records,
    "3001": referring.take_notice,
    "8001": papers.reports,
    "8002": papers.laboratory,
    "8003": papers.susceptibility,
    "8004": papers.examination,
    "9003": papers.bills,
}
