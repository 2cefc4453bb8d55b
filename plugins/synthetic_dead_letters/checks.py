"""What must hold of dead letters, and no constraint can say."""

from __future__ import annotations

from synthetic import Check

CHECKS = (
    Check(
        name="codes",
        purpose="The code of each dead letter is that of its error.",
        sql="SELECT id, 'The error of dead letter ' || id || ' has another code than its row.' FROM dead_letters"
        " WHERE json_extract(error, '$.code') IS NOT code",
        entity="dead_letter",
    ),
    Check(
        name="redrives",
        purpose="A redrive has not retried fewer letters than have failed in it.",
        sql="SELECT id, 'Redrive ' || id || ' has counted more failures than retries.' FROM dead_letter_redrives"
        " WHERE failed > retried",
        entity="dead_letter_redrive",
    ),
)
