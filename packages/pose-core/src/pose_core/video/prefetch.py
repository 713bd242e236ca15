"""Read ahead in a thread, so that reading, the network and writing overlap."""

from collections.abc import Generator, Iterable, Iterator
from queue import Empty, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")
END = object()


def prefetch(items: Iterable[T], depth: int = 2) -> Generator[T, None, None]:
    """Give the items as they come, while a thread already makes the next ones.

    The thread starts with the first item asked for. It ends, and a generator it reads from is
    closed in it, when the items end, when making one fails, or when the consumer stops early: by
    closing this iterator, dropping it, or an error of its own.

    Args:
        items: made in the thread, one after the other; they must not need the consumer's thread.
        depth: how many may wait; one more is in the making, so memory is depth + 2 items.

    Raises:
        Exception: whatever making an item raised, after the items before it were given.
        ValueError: if `depth` is below 1.
    """
    if depth < 1:
        raise ValueError(f"depth: {depth} is below 1; give at least 1")
    return consume(Producer(items, depth))


class Producer(Generic[T]):
    """The thread that makes the items, and the queue it leaves them in."""

    def __init__(self, items: Iterable[T], depth: int) -> None:
        self.queue: Queue[object] = Queue(maxsize=depth)
        self.error: BaseException | None = None
        self._items = items
        self._stop = Event()
        # A daemon, so that a reader stuck on a dead disk does not keep the command from ending.
        self._thread = Thread(target=self._produce, name="pose-prefetch", daemon=True)

    def start(self) -> None:
        """Begin to make items."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, whether it is making an item or waiting for room."""
        self._stop.set()
        try:
            while True:  # emptied, the queue has room for the one item that may still come
                self.queue.get_nowait()
        except Empty:
            pass
        self._thread.join()

    def _produce(self) -> None:
        iterator = iter(self._items)
        try:
            for item in iterator:
                self.queue.put(item)
                if self._stop.is_set():
                    break
        except BaseException as error:  # it belongs to the consumer, whatever it is
            self.error = error
        finally:
            self._close(iterator)
            if not self._stop.is_set():
                self.queue.put(END)

    def _close(self, iterator: Iterator[T]) -> None:
        try:
            if hasattr(iterator, "close"):
                iterator.close()
        except Exception as error:
            self.error = self.error or error


def consume(producer: Producer[T]) -> Generator[T, None, None]:
    """Give a producer's items and stop it at the end."""
    producer.start()
    try:
        while (item := producer.queue.get()) is not END:
            yield item  # type: ignore[misc]
        if producer.error:
            raise producer.error
    finally:
        producer.stop()
