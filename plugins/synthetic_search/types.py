"""The GraphQL types of what is found. Other plugins may add fields to `SearchHit`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import JSON, DateTime, Long


@strawberry.type(
    description="A range of characters of a text. Characters are Unicode code points: not bytes, and not the UTF-16 "
    "units of JavaScript, where `Array.from(text).slice(start, end)` takes it."
)
class SearchHighlight:
    """A highlight of a snippet."""

    start: int = strawberry.field(description="Its first character, counted from 0.")
    end: int = strawberry.field(description="The first character behind it.")


@strawberry.type(description="The stretch of a document that says most about why it was found.")
class SearchSnippet:
    """A snippet of a hit."""

    text: str = strawberry.field(
        description="On one line: white space is drawn together, and an ellipsis stands where the text goes on."
    )
    highlights: list[SearchHighlight] = strawberry.field(
        description="Where it has what was searched for, in order, none overlapping another."
    )


@strawberry.type(description="What one word or phrase of the query adds to the score of a document.")
class SearchWordScore:
    """A part of a score by words."""

    phrase: str = strawberry.field(description="The word or phrase, as it was asked for.")
    occurrences: int = strawberry.field(description="How often it occurs in the title and the text.")
    documents: Long = strawberry.field(description="In about how many documents it occurs at all.")
    score: float = strawberry.field(description="What that comes to, by BM25.")


@strawberry.type(description="How the score of a hit came about.")
class SearchExplanation:
    """The explanation of a score."""

    word_rank: int | None = strawberry.field(
        description="Its place among what was found by words, from 1; null: not found by them."
    )
    word_score: float | None = strawberry.field(description="Its score by words (BM25): the more, the better.")
    meaning_rank: int | None = strawberry.field(
        description="Its place among what was found by meaning, from 1; null: not found by it, or not searched so."
    )
    similarity: float | None = strawberry.field(
        description="How close its meaning is to that of the query: a cosine, 1 at most."
    )
    words: list[SearchWordScore] = strawberry.field(description="The words and phrases that its score by words is of.")


@strawberry.type(description="A document that was found.")
class SearchHit:
    """A node of `search`."""

    kind: str = strawberry.field(description="What it is: MESSAGE, JOB, CONSTRUCT, or another kind of a plugin.")
    id: strawberry.ID = strawberry.field(description="Its id, which is unique among those of its kind.")
    node_id: strawberry.ID | None = strawberry.field(
        description="What `node(id:)` finds it by, for instance `Job:7`; null where its type is no node."
    )
    title: str = strawberry.field(description="One line for a person; may be empty.")
    snippet: SearchSnippet = strawberry.field(description="The stretch of its text that says most about why.")
    score: float = strawberry.field(
        description="How good a hit it is, within one search: the more, the better. 0 where nothing but filters was "
        "asked for, and the newest comes first."
    )
    construct_id: strawberry.ID | None = strawberry.field(description="Id of the construct that it belongs to.")
    session_id: strawberry.ID | None = strawberry.field(description="Id of the session that it belongs to.")
    status: str | None = strawberry.field(description="Where it stands, in the words of its own type.")
    facets: JSON = strawberry.field(description="By what else one may narrow a search: a JSON object of texts.")
    occurred_at: DateTime = strawberry.field(description="When it happened, or last changed.")
    group_size: int = strawberry.field(
        description="Of a search with `groupBy`: how many hits its construct or session has, itself included; else 1."
    )
    explanation: SearchExplanation | None = strawberry.field(
        description="How its score came about; made only when it is asked for."
    )
