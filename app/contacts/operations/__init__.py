"""Recording a contact with one tap, and taking it back.

The record is its own trail: it says who recorded what and when, is never changed, and undoing it leaves it.
Set-based SQL on purpose: this is what every cadre does all day, and objects would double its price.
"""

from app.contacts.operations.recording import ClientIdReused, ContactMomentWrong, Recorded, record_contact
from app.contacts.operations.undoing import UndoTooLate, undo_contact

__all__ = [
    "ClientIdReused",
    "ContactMomentWrong",
    "Recorded",
    "UndoTooLate",
    "record_contact",
    "undo_contact",
]
