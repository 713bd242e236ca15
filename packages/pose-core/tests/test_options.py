from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from pose_core.errors import ConfigError
from pose_core.options import defaults, fill, suggest


@dataclass(frozen=True)
class Inner:
    rate: float = 0.5


@dataclass(frozen=True)
class Options:
    epsilon: float = 20.0
    count: int = 3
    flag: bool = False
    name: str = "a"
    pair: tuple[int, int] = (1, 2)
    many: tuple[float, ...] = ()
    kind: Literal["mse", "kl"] = "mse"
    limit: int | None = None
    weights: bool | str = True
    inner: Inner = field(default_factory=Inner)
    free: Mapping[str, Any] = field(default_factory=dict)
    anything: Any = None


def test_nothing_given_gives_the_defaults():
    assert fill(Options, {}, "here") == Options()


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("epsilon", 5, 5.0),
        ("epsilon", 2.5, 2.5),
        ("count", 7, 7),
        ("flag", True, True),
        ("pair", [3, 4], (3, 4)),
        ("many", [1, 2, 3], (1.0, 2.0, 3.0)),
        ("many", [], ()),
        ("kind", "kl", "kl"),
        ("limit", None, None),
        ("limit", 4, 4),
        ("weights", False, False),
        ("weights", "a/file.pt", "a/file.pt"),
        ("inner", {"rate": 1}, Inner(1.0)),
        ("free", {"any": ["thing"]}, {"any": ["thing"]}),
        ("anything", {1, 2}, {1, 2}),
    ],
)
def test_a_value_that_fits_is_taken(name, given, expected):
    value = getattr(fill(Options, {name: given}, "here"), name)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("epsilon", "big", r"^here\.epsilon: 'big' is not a number$"),
        ("epsilon", True, r"^here\.epsilon: True is not a number$"),
        ("epsilon", None, r"^here\.epsilon: None is not a number$"),
        ("count", 2.5, r"^here\.count: 2\.5 is not a whole number$"),
        ("count", True, r"^here\.count: True is not a whole number$"),
        ("flag", 1, r"^here\.flag: 1 is not true or false$"),
        ("flag", "yes", r"^here\.flag: 'yes' is not true or false$"),
        ("name", 3, r"^here\.name: 3 is not text$"),
        ("pair", [1, 2, 3], r"^here\.pair: \[1, 2, 3\] needs 2 values$"),
        ("pair", ["x", 2], r"^here\.pair: 'x' is not a whole number$"),
        ("many", 3, r"^here\.many: 3 is not "),
        ("many", "3", r"^here\.many: '3' is not "),
        ("kind", "mes", r"^here\.kind: 'mes' is not one of .*; did you mean 'mse'\?$"),
        ("limit", "few", r"^here\.limit: 'few' is not a whole number or null$"),
        ("weights", 3, r"^here\.weights: 3 is not true or false or text$"),
        ("inner", 3, r"^here\.inner: 3 is not "),
        ("inner", {"rat": 1}, r"^here\.inner: unknown option 'rat'; did you mean 'rate'\?$"),
        ("inner", {"rate": "x"}, r"^here\.inner\.rate: 'x' is not a number$"),
        ("free", [1], r"^here\.free: \[1\] is not "),
    ],
)
def test_a_value_that_does_not_fit_is_refused_where_it_stands(name, given, message):
    with pytest.raises(ConfigError, match=message):
        fill(Options, {name: given}, "here")


def test_a_misspelt_option_is_refused_with_the_right_one():
    with pytest.raises(
        ConfigError, match=r"^losses\.temporal: unknown option 'epsilom'; did you mean 'epsilon'\?$"
    ):
        fill(Options, {"epsilom": 20}, "losses.temporal")


def test_an_option_like_no_other_is_refused_with_all_there_are():
    with pytest.raises(ConfigError, match=r"unknown option 'zzz'; known: anything, count, epsilon"):
        fill(Options, {"zzz": 1}, "here")


def test_a_component_without_options_says_so():
    @dataclass(frozen=True)
    class Nothing:
        pass

    with pytest.raises(ConfigError, match=r"^here: unknown option 'x'; known: none$"):
        fill(Nothing, {"x": 1}, "here")


def test_a_value_that_the_options_refuse_names_the_place():
    @dataclass(frozen=True)
    class Positive:
        size: int = 1

        def __post_init__(self):
            if self.size < 1:
                raise ValueError(f"size is {self.size}; give at least 1")

    with pytest.raises(ConfigError, match=r"^here: size is 0; give at least 1$"):
        fill(Positive, {"size": 0}, "here")


def test_what_was_given_is_not_altered():
    given = {"inner": {"rate": 1}, "pair": [3, 4], "free": {"a": 1}}
    fill(Options, given, "here").free["a"] = 2
    assert given == {"inner": {"rate": 1}, "pair": [3, 4], "free": {"a": 1}}


def test_the_nearest_of_several_names_is_suggested():
    assert suggest("resnet51", ["resnet50", "vit"]) == "did you mean 'resnet50'?"
    assert suggest("qqq", ["b", "a"]) == "known: a, b"
    assert suggest("qqq", []) == "known: none"
    assert suggest("qqq", [f"name{i:02d}" for i in range(20)]).endswith("name11, ...")


def test_defaults_are_listed_by_name():
    @dataclass(frozen=True)
    class Listed:
        first: int = 1
        second: tuple[int, ...] = field(default_factory=tuple)

    assert defaults(Listed) == {"first": 1, "second": ()}


def test_a_field_without_a_default_is_an_error_of_the_plugin():
    @dataclass(frozen=True)
    class Bare:
        size: int

    with pytest.raises(TypeError, match=r"Bare\.size has no default"):
        defaults(Bare)
