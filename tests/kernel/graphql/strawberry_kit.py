"""Types that use what Strawberry offers beyond plain fields."""

import asyncio
import dataclasses
from datetime import date
from enum import Enum
from typing import Annotated, Any, Generic, NewType, TypeVar

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission
from strawberry.types import Info

T = TypeVar("T")

seen: list[str] = []
"""What ran, in order."""


class OnlyTheWilling(BasePermission):
    message = "You are not willing."

    def has_permission(self, source: Any, info: Info, **kwargs: Any) -> bool:
        seen.append("asked")
        return kwargs.get("willing", True)


class AskedElsewhere(BasePermission):
    message = "Elsewhere they say no."

    async def has_permission(self, source: Any, info: Info, **kwargs: Any) -> bool:
        await asyncio.sleep(0)
        return kwargs.get("willing", True)


class Loud(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: Info, **kwargs: Any) -> Any:
        value = next_(source, info, **kwargs)
        return value.upper() if isinstance(value, str) else value


class Patient(FieldExtension):
    async def resolve_async(self, next_: Any, source: Any, info: Info, **kwargs: Any) -> Any:
        await asyncio.sleep(0)
        return f"{await next_(source, info, **kwargs)}, at last"


@strawberry.enum
class Size(Enum):
    SMALL = "s"
    LARGE = strawberry.enum_value("l", name="HUGE")


Reversed = NewType("Reversed", str)


def _backwards(value: Any) -> str:
    if value == "palindrome":
        raise ValueError("it is none")
    return value[::-1]


SCALAR_MAP = {Reversed: strawberry.scalar(name="Reversed", serialize=_backwards, parse_value=_backwards)}


@strawberry.interface
class Animal:
    name: str
    secret: strawberry.Private[str] = "purr"

    @strawberry.field
    def greeting(self, to: str = "you") -> str:
        return f"{self.name} to {to}, {self.secret}"


@strawberry.type
class Cat(Animal):
    lives: int = 9


@strawberry.type
class Dog(Animal):
    size: Size = Size.LARGE

    @strawberry.field
    def greeting(self, to: str = "you") -> str:
        return f"woof {to}"

    @strawberry.field
    def friend(self, named: str | None = None) -> Cat | None:
        return None if named is None else Cat(name=named)


@strawberry.interface
class Shape:
    """Says itself what its objects are."""

    corners: int

    @classmethod
    def resolve_type(cls, value: Any, *args: Any) -> str:
        return "Triangle" if value.corners == 3 else "Square"


@strawberry.type
class Triangle(Shape):
    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return value.corners == 3


@strawberry.type
class Square(Shape):
    side: int = 1


@dataclasses.dataclass
class Row:
    """As it comes from somewhere else; it is no type of the schema."""

    name: str = "row"
    lives: int = 1
    size: Size = Size.SMALL
    secret: str = "row's"
    corners: int = 4
    title: str = "row's"
    side: int = 2


@strawberry.type
class Stone:
    name: str
    weight: float = 0.5


@strawberry.type
class Book:
    title: str

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        return isinstance(value, Row | Book)


Found = Annotated[Cat | Stone, strawberry.union("Found")]
Readable = Annotated[Book | Stone, strawberry.union("Readable")]


@strawberry.type
class Box(Generic[T]):
    content: T
    label: str = "a box"

    @strawberry.field
    def contents(self) -> list[T]:
        return [self.content]


@strawberry.input
class Inner:
    flag: bool = True


@strawberry.input
class Wanted:
    name: str
    size: Size = Size.SMALL
    tags: list[str] = strawberry.field(default_factory=lambda: ["none"])
    unset: str | None = strawberry.UNSET
    perhaps: strawberry.Maybe[str | None]
    inner: Inner | None = None
    reversed: Reversed | None = None


def parent_named(parent: strawberry.Parent["Person"], greeting: str = "hello") -> str:
    return f"{greeting} {parent.first}"


def rooted(root: "Person", info: Info) -> str:
    return f"{root.first} as {info.field_name} at {info.path.key} of {info.path.typename}"


@strawberry.type
class Person:
    first: str
    last: str | None = None
    ages: strawberry.Private[tuple[int, ...]] = ()
    born: date = date(2000, 2, 29)
    nick: Reversed = Reversed("kcin")
    by_parent: str = strawberry.field(resolver=parent_named)
    by_root: str = strawberry.field(resolver=rooted)
    guarded: str = strawberry.field(default="kept", permission_classes=[OnlyTheWilling])

    @strawberry.field
    def full(self, separator: str = " ", reverse: bool = False) -> str:
        parts = [part for part in (self.first, self.last) if part]
        return separator.join(reversed(parts) if reverse else parts)

    @strawberry.field
    def years(self) -> list[int]:
        yield from self.ages

    @strawberry.field
    async def later_years(self) -> list[int]:
        for age in self.ages:
            await asyncio.sleep(0)
            yield age

    @strawberry.field
    async def later(self, info: Info) -> str:
        return await asyncio.sleep(0, f"{self.first} later")

    @strawberry.field(extensions=[Loud()])
    def loud(self, word: str = "shout") -> str:
        return f"{self.first} {word}"

    @strawberry.field(extensions=[Patient()])
    async def patient(self) -> str:
        return self.first

    @strawberry.field(permission_classes=[OnlyTheWilling])
    def if_willing(self, willing: bool) -> str | None:
        seen.append("told")
        return self.first

    @strawberry.field(permission_classes=[AskedElsewhere], extensions=[Patient()])
    async def if_elsewhere(self, willing: bool = True) -> str | None:
        return self.first

    @strawberry.field
    def fails(self, deep: bool = False) -> str:
        raise ValueError(f"{self.first} fails")


@strawberry.field
def people() -> list[Person]:
    return [Person(first="Ann", last="Lee", ages=(1, 2)), Person(first="Bo")]


@strawberry.field
def animals() -> list[Animal]:
    odd = Cat(name="Odd")
    odd.size = Size.SMALL
    return [Cat(name="Tom"), Dog(name="Rex"), strawberry.cast(Cat, Row()), strawberry.cast(Dog, odd)]


@strawberry.field
def shapes() -> list[Shape]:
    return [Square(corners=4), Square(corners=3), strawberry.cast(Square, Row())]


@strawberry.field
def found() -> list[Found]:
    turned = Cat(name="turned")
    turned.weight = 2.5
    return [Cat(name="Tom"), Stone(name="flint"), strawberry.cast(Stone, turned)]


@strawberry.field
def readable() -> list[Readable | None]:
    return [Book(title="one"), Row(), None, Stone(name="rune")]


@strawberry.field
def unreadable() -> list[Readable | None]:
    return [Book(title="one"), Cat(name="no book")]


@strawberry.field
def box_of_text() -> Box[str]:
    return Box(content="text")


@strawberry.field
def box_of_cat() -> Box[Cat]:
    return Box(content=Cat(name="Tom"), label="cat's")


@strawberry.field
def wanted(input: Wanted) -> str:
    perhaps = "absent" if input.perhaps is None else repr(input.perhaps.value)
    unset = "UNSET" if input.unset is strawberry.UNSET else repr(input.unset)
    return f"{input.name} {input.size.name} {input.tags} {unset} {perhaps} {input.inner} {input.reversed}"


@strawberry.field
def sized(size: Size = Size.LARGE, sizes: list[Size] | None = None) -> list[Size]:
    return [size, *(sizes or ())]


@strawberry.field
async def slow_people(info: Info, count: int = 1) -> list[Person]:
    await asyncio.sleep(0)
    return [Person(first=f"slow {number}", ages=(number,)) for number in range(count)]


@strawberry.field(permission_classes=[AskedElsewhere])
def guarded_person(willing: bool) -> Person:
    return Person(first="guarded")


@strawberry.field
def told(info: Info, text: str = "") -> str:
    selected = [each.name for field in info.selected_fields for each in field.selections]
    return f"{info.python_name} {info.variable_values!r} {info.operation.name.value} {selected} {info.return_type}"


@strawberry.field
def sent(info: Info) -> str:
    return repr(info.input_extensions)


FIELDS = [
    people, animals, shapes, found, readable, unreadable,
    box_of_text, box_of_cat, wanted, sized, slow_people, guarded_person, told, sent,
]  # fmt: skip
TYPES = [Cat, Dog, Triangle, Square]
