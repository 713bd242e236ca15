"""Reading ahead in a thread."""

import threading
from itertools import count, islice

import pytest

from pose_core.video.prefetch import prefetch


def prefetch_threads():
    return [thread for thread in threading.enumerate() if thread.name == "pose-prefetch"]


@pytest.mark.parametrize("depth", [1, 2, 7])
@pytest.mark.parametrize("length", [0, 1, 5, 50])
def test_the_items_come_unchanged_and_in_order(length, depth):
    assert list(prefetch(range(length), depth)) == list(range(length))
    assert not prefetch_threads()


def test_none_is_an_item_like_any_other():
    assert list(prefetch([None, 0, None])) == [None, 0, None]


def test_items_are_made_while_the_consumer_holds_another():
    made = threading.Semaphore(0)

    def items():
        for number in range(3):
            made.release()
            yield number

    ahead = prefetch(items(), depth=2)
    assert next(ahead) == 0
    assert all(made.acquire(timeout=10) for _ in range(3))  # without asking for more
    assert list(ahead) == [1, 2]


def test_no_more_than_depth_items_wait():
    made = []
    ahead = prefetch((made.append(number) or number for number in range(100)), depth=3)
    for taken in range(1, 20):
        next(ahead)
        assert len(made) <= taken + 3 + 1
    ahead.close()


def test_an_error_reaches_the_consumer_after_the_items_before_it():
    def items():
        yield 1
        yield 2
        raise KeyError("broken")

    given = []
    with pytest.raises(KeyError, match="broken"):
        given.extend(iter_into(given, prefetch(items())))
    assert given == [1, 2]
    assert not prefetch_threads()


def iter_into(given, items):
    for item in items:
        given.append(item)
    return []


def test_a_consumer_that_stops_early_ends_the_thread_and_closes_the_source():
    closed_in = []

    def items():
        try:
            yield from count()
        finally:
            closed_in.append(threading.current_thread().name)

    ahead = prefetch(items())
    assert list(islice(ahead, 3)) == [0, 1, 2]
    ahead.close()
    assert closed_in == ["pose-prefetch"]
    assert not prefetch_threads()


def test_a_consumer_that_drops_the_iterator_ends_the_thread():
    for item in prefetch(count()):
        if item == 2:
            break
    assert not prefetch_threads()


def test_one_never_asked_starts_no_thread():
    prefetch(count())
    assert not prefetch_threads()


def test_a_depth_of_none_is_refused_at_once():
    with pytest.raises(ValueError, match=r"^depth: 0 is below 1; give at least 1$"):
        prefetch([1], depth=0)
