"""Recording a contact with one tap, taking it back, and counting all of them once more.

The record is its own trail: it says who recorded what and when, is never changed, and undoing it leaves it.
Set-based SQL on purpose: this is what every cadre does all day, and objects would double its price.
"""

from app.contacts.operations.recording import ClientIdReused, ContactMomentWrong, Recorded, record_contact
from app.contacts.operations.recounting import COUNTERS, recount_counters
from app.contacts.operations.undoing import UndoTooLate, undo_contact

__all__ = [
    "COUNTERS",
    "ClientIdReused",
    "ContactMomentWrong",
    "Recorded",
    "UndoTooLate",
    "record_contact",
    "recount_counters",
    "undo_contact",
]
