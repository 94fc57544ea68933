"""What is known of a partner where its days are closed and reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone, tzinfo

from services.reconciliation.calendars import gives_file
from services.reconciliation.partners import Partners
from services.reconciliation.reports.model import About
from services.reconciliation.reports.statements import STATEMENTS

# Who is not known has its days last of all.
_LAST = timezone(timedelta(hours=-12), "UTC-12:00")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a day is closed with. `formats` of files by partner, without which no day of it is."""

    formats: Mapping[str, Sequence[str]] = field(default_factory=dict)
    partners: Partners = field(default_factory=dict)

    def is_bank(self, partner_id: str) -> bool:
        """Whether it gives statements alone: on a holiday none, and the next one shows it."""
        partner = self.partners.get(partner_id)
        return partner is not None and set(partner.formats) <= set(STATEMENTS)

    def gives_file(self, partner_id: str, day: date) -> bool:
        """Whether there is a file of the day at all."""
        return gives_file(self.partners.get(partner_id), day)

    def day_end(self, partner_id: str, day: date) -> datetime:
        """The first instant that is not the partner's day any more."""
        return datetime.combine(day + timedelta(days=1), time(), self._zone(partner_id))

    def about(self, partner_id: str, day: date, closed_by: str = "") -> About:
        """What a report says of whose day it is."""
        partner = self.partners.get(partner_id)
        return About(
            zone=str(self._zone(partner_id)),
            begin=datetime.combine(day, time(), self._zone(partner_id)),
            end=self.day_end(partner_id, day),
            is_bank=self.is_bank(partner_id),
            name=partner.names[0] if partner is not None and partner.names else "",
            closed_by=closed_by,
        )

    def _zone(self, partner_id: str) -> tzinfo:
        partner = self.partners.get(partner_id)
        return _LAST if partner is None else partner.time_zone
