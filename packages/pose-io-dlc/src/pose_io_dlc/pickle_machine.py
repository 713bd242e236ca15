"""Follow the steps of a pickle without being able to do anything but build plain data.

A pickle is a programme for a small machine with a stack. Python's own machine calls whatever the
programme names, makes room for whatever size it claims, and can be brought down by what it nests.
This one knows the steps that build lists, tuples, dicts, text, bytes and numbers; for every other
name it looks in a list of stand-ins that its user hands over, and nothing else is ever called.
No step makes more room than a small multiple of the bytes it is written in, texts and arrays
excepted, which must lie in the file in full.

Source: `pickletools` of the standard library, which says what each step means.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

LONGEST_INTEGER = 8
"""Bytes; enough for every number that numpy has."""

MOST_GIVEN = 256
"""What a stand-in can be given, in number."""

MOST_HELD = 1 << 26
"""Lists, tuples and dicts that are made; one can be a byte of the file, and fifty of memory."""

WIDEST_GAP = 1
"""Places left empty in what is remembered; Python 2 began with the second."""

KEYS = frozenset({str, int, float, bool, bytes, type(None)})
"""Types of keys; hashing a tuple, nested a million times, would end the process."""

BYTE, TWO, FOUR, EIGHT = map(struct.Struct, ("<B", "<H", "<I", "<Q"))
SIGNED, DOUBLE = struct.Struct("<i"), struct.Struct(">d")

StandIn = Callable[..., Any]


class RefusedPickleError(ValueError):
    """A pickle that is damaged, or asks for what it is not given."""


class Named:
    """What a pickle asked for by name, as it lies on the stack."""

    def __init__(self, name: str, stand_in: StandIn | None) -> None:
        self.name, self.stand_in = name, stand_in


class Pending:
    """Something whose content comes in a later step, as of a numpy array: see `build`."""

    def __init__(self, finish: Callable[[Any], Any]) -> None:
        self.finish, self.places = finish, list[int]()


class Machine:
    """One pickle on its way to being read."""

    def __init__(self, pickled: bytes, known: Mapping[str, StandIn | None]) -> None:
        """Begin.

        Args:
            pickled: the bytes.
            known: "module.name" to what is called in its place; None for what is only mentioned.
        """
        self.pickled, self.at, self.known = pickled, 0, known
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: list[Any] = []
        self.room = MOST_HELD

    def run(self) -> Any:
        """Take every step; give what is left.

        Raises:
            RefusedPickleError: naming what is asked for, or that the file is damaged.
        """
        try:
            while (step := self.pickled[self.at]) != STOP:
                self.at += 1
                STEPS.get(step, refuse_step)(self)
            return self.stack.pop()
        except RefusedPickleError:
            raise
        except (IndexError, KeyError, ValueError, TypeError, OverflowError, struct.error) as error:
            raise RefusedPickleError(f"is cut short or damaged near byte {self.at}") from error

    def take(self, size: int) -> bytes:
        """Read bytes that must be there."""
        start, self.at = self.at, self.at + size
        if size < 0 or self.at > len(self.pickled):
            raise RefusedPickleError(
                f"claims {size} bytes where {len(self.pickled) - start} are left"
            )
        return self.pickled[start : self.at]

    def byte(self) -> int:
        """Read one byte."""
        self.at += 1
        return self.pickled[self.at - 1]

    def number(self, form: struct.Struct) -> Any:
        """Read a number of a fixed size."""
        self.at += form.size
        return form.unpack_from(self.pickled, self.at - form.size)[0]

    def line(self) -> str:
        """Read to the end of the line."""
        start, self.at = self.at, self.pickled.index(b"\n", self.at) + 1
        return self.pickled[start : self.at - 1].decode("latin-1")

    def since_mark(self) -> list[Any]:
        """Take what was put on the stack since the last mark."""
        start = self.marks.pop()
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def keep(self, value: Any) -> None:
        """Put on the stack a list, tuple or dict, of which there cannot be any number."""
        self.room -= 1
        if self.room < 0:
            raise RefusedPickleError(f"holds more than {MOST_HELD} lists")
        self.stack.append(value)

    def remember(self, place: int) -> None:
        """Note what is on top, to be asked for again."""
        top = self.stack[-1]
        if not 0 <= place <= len(self.memo) + WIDEST_GAP:
            raise RefusedPickleError(f"remembers place {place} of {len(self.memo)}")
        while len(self.memo) <= place:
            self.memo.append(None)
        self.memo[place] = top
        if type(top) is Pending:
            top.places.append(place)


def memoize(machine: Machine) -> None:
    """Note what is on top in the next place."""
    top = machine.stack[-1]
    if type(top) is Pending:
        top.places.append(len(machine.memo))
    machine.memo.append(top)


def refuse_step(machine: Machine) -> None:
    """Refuse a step that plain data does not need, by its name.

    Raises:
        RefusedPickleError: always.
    """
    from pickletools import opcodes

    step = chr(machine.pickled[machine.at - 1])
    name = next((opcode.name for opcode in opcodes if opcode.code == step), repr(step))
    raise RefusedPickleError(f"takes the step {name}")


def mark(machine: Machine) -> None:
    """Note where what follows begins."""
    machine.marks.append(len(machine.stack))


def append(machine: Machine) -> None:
    """Put one value at the end of a list."""
    value = machine.stack.pop()
    extend(machine.stack[-1], [value])


def appends(machine: Machine) -> None:
    """Put all since the mark at the end of a list."""
    values = machine.since_mark()
    extend(machine.stack[-1], values)


def extend(target: Any, values: list[Any]) -> None:
    """Lengthen a list, which must be one."""
    if type(target) is not list:
        raise RefusedPickleError(f"appends to a {type(target).__name__}")
    target.extend(values)


def set_item(machine: Machine) -> None:
    """Put one key and value in a dict."""
    value, key = machine.stack.pop(), machine.stack.pop()
    update(machine.stack[-1], [key, value])


def set_items(machine: Machine) -> None:
    """Put all since the mark in a dict."""
    flat = machine.since_mark()
    update(machine.stack[-1], flat)


def update(target: Any, flat: list[Any]) -> None:
    """Fill a dict, which must be one, with keys that are safe to hash."""
    if type(target) is not dict:
        raise RefusedPickleError(f"sets items of a {type(target).__name__}")
    for key, value in zip(flat[::2], flat[1::2], strict=True):
        if type(key) not in KEYS:
            raise RefusedPickleError(f"has a {type(key).__name__} as a key")
        target[key] = value


def whole_dict(machine: Machine) -> None:
    """Make a dict of all since the mark."""
    flat = machine.since_mark()
    machine.keep({})
    update(machine.stack[-1], flat)


def tuple_of(count: int) -> Callable[[Machine], None]:
    """Give the step that makes a tuple of the last few."""

    def step(machine: Machine) -> None:
        parts = tuple(machine.stack[-count:])
        if len(parts) < count:
            raise RefusedPickleError("makes a tuple of less than there is")
        del machine.stack[-count:]
        machine.keep(parts)

    return step


def integer(machine: Machine, size: int) -> int:
    """Read a whole number of some bytes, which are few."""
    if size > LONGEST_INTEGER:
        raise RefusedPickleError(f"has a whole number of {size} bytes")
    return int.from_bytes(machine.take(size), "little", signed=True)


def integer_in_text(machine: Machine) -> int | bool:
    """Read a whole number, or a truth value, as the oldest pickles have them."""
    text = machine.line().removesuffix("L")
    if len(text) > 20:
        raise RefusedPickleError(f"has a whole number of {len(text)} digits")
    return {"00": False, "01": True}[text] if text in ("00", "01") else int(text)


def named_in_text(machine: Machine) -> None:
    """Look up a name that stands in the pickle itself."""
    module, name = machine.line(), machine.line()
    look_up(machine, module, name)


def named_on_stack(machine: Machine) -> None:
    """Look up a name that lies on the stack."""
    name, module = machine.stack.pop(), machine.stack.pop()
    look_up(machine, module, name)


def look_up(machine: Machine, module: Any, name: Any) -> None:
    """Put the stand-in for a name on the stack.

    Raises:
        RefusedPickleError: if there is none.
    """
    whole = f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else "?"
    if whole not in machine.known:
        raise RefusedPickleError(f"asks for {whole[:80]!r}")
    machine.stack.append(Named(whole, machine.known[whole]))


def call(machine: Machine) -> None:
    """Call a stand-in with what it is given; nothing else can be called."""
    given, named = machine.stack.pop(), machine.stack.pop()
    if type(named) is not Named or named.stand_in is None:
        what = named.name if type(named) is Named else type(named).__name__
        raise RefusedPickleError(f"calls {what}")
    if type(given) is not tuple or len(given) > MOST_GIVEN:
        raise RefusedPickleError(f"calls {named.name} with what is no short tuple")
    machine.keep(named.stand_in(*given))


def build(machine: Machine) -> None:
    """Hand over the content of what was begun; the attributes of a dict are left out."""
    state, begun = machine.stack.pop(), machine.stack[-1]
    if type(begun) is Pending:
        machine.stack[-1] = begun.finish(state)
        for place in begun.places:
            machine.memo[place] = machine.stack[-1]
    elif type(begun) is not dict:
        raise RefusedPickleError(f"changes a {type(begun).__name__}")


def old_text(machine: Machine) -> str:
    """Read text in quotes, with escapes, as Python 2 wrote it."""
    quoted = machine.line().strip()
    if len(quoted) < 2 or quoted[0] != quoted[-1] or quoted[0] not in "'\"":
        raise RefusedPickleError("has text without quotes")
    return quoted[1:-1].encode("latin-1").decode("unicode-escape")


def pushed(read: Callable[[Machine], Any]) -> Callable[[Machine], None]:
    """Give the step that puts on the stack what is read."""
    return lambda machine: machine.stack.append(read(machine))


def sized(form: struct.Struct, make: Callable[[bytes], Any]) -> Callable[[Machine], None]:
    """Give the step that reads a size, then as many bytes, and makes something of them."""
    return pushed(lambda machine: make(machine.take(machine.number(form))))


def text(raw: bytes) -> str:
    """Decode text; single surrogates, which Windows paths can have, pass."""
    return raw.decode("utf-8", "surrogatepass")


STOP = ord(".")
STEPS: dict[int, Callable[[Machine], Any]] = {
    0x80: lambda machine: machine.take(1),  # protocol
    0x95: lambda machine: machine.take(8),  # frame: how far one could read ahead
    ord("("): mark,
    ord("N"): pushed(lambda machine: None),
    0x88: pushed(lambda machine: True),
    0x89: pushed(lambda machine: False),
    ord("K"): pushed(lambda machine: machine.byte()),
    ord("M"): pushed(lambda machine: machine.number(TWO)),
    ord("J"): pushed(lambda machine: machine.number(SIGNED)),
    ord("G"): pushed(lambda machine: machine.number(DOUBLE)),
    0x8A: pushed(lambda machine: integer(machine, machine.byte())),
    0x8B: pushed(lambda machine: integer(machine, machine.number(FOUR))),
    ord("I"): pushed(integer_in_text),
    ord("L"): pushed(integer_in_text),
    ord("F"): pushed(lambda machine: float(machine.line())),
    ord("V"): pushed(lambda machine: machine.line().encode("latin-1").decode("raw-unicode-escape")),
    ord("S"): pushed(old_text),
    ord("U"): sized(BYTE, lambda raw: raw.decode("latin-1")),
    ord("T"): sized(FOUR, lambda raw: raw.decode("latin-1")),
    0x8C: sized(BYTE, text),
    ord("X"): sized(FOUR, text),
    0x8D: sized(EIGHT, text),
    ord("C"): sized(BYTE, bytes),
    ord("B"): sized(FOUR, bytes),
    0x8E: sized(EIGHT, bytes),
    0x96: sized(EIGHT, bytes),
    ord(")"): pushed(lambda machine: ()),
    ord("]"): lambda machine: machine.keep([]),
    ord("}"): lambda machine: machine.keep({}),
    ord("t"): lambda machine: machine.keep(tuple(machine.since_mark())),
    ord("l"): lambda machine: machine.keep(machine.since_mark()),
    ord("d"): whole_dict,
    0x85: tuple_of(1),
    0x86: tuple_of(2),
    0x87: tuple_of(3),
    ord("a"): append,
    ord("e"): appends,
    ord("s"): set_item,
    ord("u"): set_items,
    ord("0"): lambda machine: machine.stack.pop(),
    ord("1"): lambda machine: machine.since_mark(),
    ord("2"): pushed(lambda machine: machine.stack[-1]),
    0x94: memoize,
    ord("q"): lambda machine: machine.remember(machine.byte()),
    ord("r"): lambda machine: machine.remember(machine.number(FOUR)),
    ord("p"): lambda machine: machine.remember(integer_in_text(machine)),
    ord("h"): pushed(lambda machine: machine.memo[machine.byte()]),
    ord("j"): pushed(lambda machine: machine.memo[machine.number(FOUR)]),
    ord("g"): pushed(lambda machine: machine.memo[integer_in_text(machine)]),
    ord("c"): named_in_text,
    0x93: named_on_stack,
    ord("R"): call,
    0x81: call,  # a new object of a class: the same thing to a stand-in
    ord("b"): build,
}
"""What each step does; those that are not here are refused."""
