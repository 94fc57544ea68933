"""What a corrected file does to the breaks of the file it replaces, before the next run: pure."""

from dataclasses import replace

from services.reconciliation.breaks.following import Run
from services.reconciliation.breaks.model import HOUSE, Break, Note, State, Step, What


def carry(run: Run, item: Break, new_row: int | None, changed: bool) -> Step:
    """The break with the row of the new file that tells the same event; None: it tells of none.

    Where money has moved for what the old file said, and the new one says something else, people
    have to look whether that still holds: it is opened again, and only they resolve it.
    """
    after = replace(item, their_row=new_row or item.their_row, update_time=run.now)
    if not (changed and item.has_moved_money and item.state is State.RESOLVED):
        text = "The partner has corrected its file; this entry stands in the new one."
        return Step(after, (Note(HOUSE, What.COMMENTED, text),))
    assert item.resolution is not None
    says = "says something else of it" if new_row else "does not have the entry"
    text = (
        f"The partner has corrected its file, which {says}: look whether what was booked as "
        f"{item.resolution.link_id} has to be taken back."
    )
    opened = replace(
        after,
        state=State.ASSIGNED if item.assignee else State.OPEN,
        day=run.day,
        reopen_count=item.reopen_count + 1,
    )
    return Step(opened, (Note(HOUSE, What.REOPENED, text),))
