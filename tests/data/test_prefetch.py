import threading
from collections.abc import Iterator
from contextlib import closing, nullcontext

import pytest
import torch

from vitrina.data.batch import Batch, PairBatch, Pictures, TextBatch, Texts
from vitrina.data.corruption import Corruption
from vitrina.data.prefetch import one_ahead, to_device

from .loading import loader, same, tensors

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("vitrina-")]


@pytest.mark.parametrize("device", DEVICES)
def test_batches_come_whole_and_in_order_on_the_device(stock, inputs, device):
    made = loader(stock, inputs, corruption=Corruption(patch_dropout=0.5))
    expected = list(made.batches(0, 20))
    with closing(to_device(made.batches(0, 20), device=torch.device(device))) as found:
        got = list(found)
    assert {tensor.device.type for batch in got for tensor in batch.tensors()} == {device}
    assert len(got) == 20 and all(same(one, other.to("cpu")) for one, other in zip(expected, got, strict=True))


@pytest.mark.parametrize("device", DEVICES)
def test_closing_ends_the_threads_of_the_loader(stock, inputs, device):
    batches = to_device(loader(stock, inputs, workers=2).batches(0, 1000), device=torch.device(device))
    next(batches)
    assert threads()
    batches.close()
    assert not threads()


@pytest.mark.parametrize("device", DEVICES)
def test_an_error_of_the_loader_comes_when_its_turn_comes(stock, inputs, device):
    made = loader(stock, inputs)
    whole = made.batch

    def batch(step: int) -> Batch:
        if step == 3:
            raise ValueError("step 3 is broken")
        return whole(step)

    made.batch = batch  # type: ignore[method-assign]
    batches = to_device(made.batches(0, 10), device=torch.device(device))
    assert all(same(whole(step), next(batches).to("cpu")) for step in range(3))
    with pytest.raises(ValueError, match="step 3 is broken"):
        next(batches)
    assert not threads()


class Counted:
    """Numbers that say how many were asked for, and by how many threads at once."""

    def __init__(self, stop: int) -> None:
        self.asked = 0
        self.is_closed = False
        self._stop = stop
        self._one = threading.Lock()

    def numbers(self) -> Iterator[int]:
        try:
            for number in range(self._stop):
                assert self._one.acquire(blocking=False), "asked for two at a time"
                self.asked += 1
                self._one.release()
                yield number
        finally:
            self.is_closed = True


def test_one_value_is_prepared_ahead_and_no_more():
    counted, prepared = Counted(100), threading.Semaphore(0)

    def prepare(number: int) -> int:
        prepared.release()
        return number * 2

    values = one_ahead(counted.numbers(), prepare=prepare)
    for turn in range(5):
        assert next(values) == turn * 2
        prepared.acquire()
    # The next one is under way while the fifth is in use; it alone.
    prepared.acquire()
    assert counted.asked == 6 and not prepared.acquire(blocking=False)
    values.close()
    assert counted.is_closed and not threads()


def test_all_values_come_and_the_source_ends():
    counted = Counted(7)
    assert list(one_ahead(counted.numbers(), prepare=str)) == list("0123456")
    assert counted.is_closed and not threads()
    assert list(one_ahead(iter(()), prepare=str)) == []


def test_an_error_while_a_value_is_prepared_comes_in_its_turn():
    counted = Counted(9)
    values = one_ahead(counted.numbers(), prepare=lambda number: 1 // (3 - number))
    assert [next(values) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(values)
    assert counted.is_closed and not threads()


def pair() -> PairBatch:
    rows = torch.arange(2)
    text = Texts(*(torch.full((2, 3), number) for number in range(5)))
    picture = Pictures(*(torch.full((2, 4), number) for number in range(4)))
    return PairBatch(torch.zeros(2, 3), rows, rows, text, rows, picture, text, rows, rows)


def test_a_batch_knows_all_its_tensors_and_each_is_changed():
    batch = pair()
    assert {id(each) for each in batch.tensors()} == {id(each) for each in tensors(batch).values()}
    moved = batch.to("meta")
    assert type(moved) is PairBatch and {each.device.type for each in moved.tensors()} == {"meta"}
    assert [tuple(each.shape) for each in moved.tensors()] == [tuple(each.shape) for each in batch.tensors()]


def test_what_holds_something_else_than_tensors_cannot_move():
    with pytest.raises(AssertionError, match="text_key cannot move"):
        TextBatch(torch.zeros(1, 3), torch.zeros(1), ["a"], pair().text).to("cpu")  # type: ignore[arg-type]


class Streams:
    """CUDA's streams and events as far as the copies use them, writing down what happens in which order."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.log: list[str] = []
        self.recorded: list[torch.Tensor] = []
        streams, whole_to = self, torch.Tensor.to

        class Stream:
            def __init__(self, device: object) -> None:
                self.name = "copying"

            def wait_event(self, event: "Event") -> None:
                streams.log.append(f"{self.name} waits for {event.what}")

        class Event:
            def record(self, stream: Stream) -> None:
                self.what = f"copy {streams.log.count('event')}"
                streams.log.append("event")

        def to(tensor: torch.Tensor, *_: object, non_blocking: bool) -> torch.Tensor:
            assert non_blocking and id(tensor) in pinned, "a copy from ordinary memory waits"
            streams.log.append("copy")
            return whole_to(tensor, "cpu", copy=True)

        def pin(tensor: torch.Tensor) -> torch.Tensor:
            copy = tensor.clone()
            pinned[id(copy)] = copy
            return copy

        pinned: dict[int, torch.Tensor] = {}
        computing = Stream(None)
        computing.name = "computing"
        patch.setattr(torch.cuda, "Stream", Stream)
        patch.setattr(torch.cuda, "Event", Event)
        patch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
        patch.setattr(torch.cuda, "current_stream", lambda device: computing)
        patch.setattr(torch.Tensor, "pin_memory", pin)
        patch.setattr(torch.Tensor, "to", to)
        patch.setattr(torch.Tensor, "record_stream", lambda tensor, stream: self.note(tensor, stream))

    def note(self, tensor: torch.Tensor, stream: object) -> None:
        self.recorded.append(tensor)


def test_on_cuda_every_tensor_is_pinned_awaited_and_held_until_the_computing_stream_is_done(monkeypatch):
    streams = Streams(monkeypatch)
    batches = to_device(iter([pair(), pair()]), device=torch.device("cuda"))
    first = next(batches)
    count = len(list(first.tensors()))
    assert streams.log[: count + 1] == ["copy"] * count + ["event"]
    assert "computing waits for copy 0" in streams.log
    assert [id(each) for each in streams.recorded] == [id(each) for each in first.tensors()]
    assert len(list(batches)) == 1 and "computing waits for copy 1" in streams.log
    assert len(streams.recorded) == 2 * count
