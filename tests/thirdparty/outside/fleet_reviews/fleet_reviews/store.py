"""All the SQL over `reviews`; functions that take the transaction first."""

from __future__ import annotations

from fleet_reviews.errors import ReviewChangedError
from fleet_reviews.events import REVIEW_SAVED
from fleet_reviews.model import VERDICTS, ReviewRecord
from fleet_reviews.settings import ReviewSettings
from synthetic import NotFoundError, Transaction, bad_input, check_id, check_text

COLUMNS = ", ".join(ReviewRecord._fields)
VALUES = ", ".join(f":{name}" for name in ReviewRecord._fields)


def save_review(tx: Transaction, review_id: str, construct_id: str, verdict: str, body: str) -> ReviewRecord:
    """Store a review; the same one again is returned as it is stored.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such construct.
        ReviewChangedError: There is another review with this id.
    """
    if verdict not in VERDICTS:
        raise bad_input("verdict", f"must be one of {', '.join(VERDICTS)}")
    longest = tx.settings(ReviewSettings).body_characters
    new = ReviewRecord(
        id=check_id(review_id, "id"),
        construct_id=check_id(construct_id, "constructId"),
        verdict=verdict,
        body=check_text(body, "body", characters_min=1, characters_max=longest),
        created_at=tx.now,
    )
    if not tx.value("SELECT 1 FROM constructs WHERE id = :id", {"id": new.construct_id}):
        raise NotFoundError(f"There is no construct {new.construct_id!r}.", details={"field": "constructId"})
    stored = tx.record(ReviewRecord, f"SELECT {COLUMNS} FROM reviews WHERE id = :id", {"id": new.id})
    if stored is None:
        tx.execute(f"INSERT INTO reviews ({COLUMNS}) VALUES ({VALUES})", new._asdict())
        payload = {"constructId": new.construct_id, "verdict": verdict}
        tx.emit(REVIEW_SAVED, new.id, construct_id=new.construct_id, payload=payload)
        return new
    if stored != new._replace(created_at=stored.created_at):
        raise ReviewChangedError(details={"field": "id"})
    return stored
