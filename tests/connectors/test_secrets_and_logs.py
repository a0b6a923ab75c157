import asyncio
import io
import json
import logging

import pytest
import structlog
from structlog.testing import capture_logs

from connectors.worlds import toy, world
from indexmaker.connectors.errors import ConfigurationError
from indexmaker.connectors.log_forwarding import LineSplitter, LogForwarder, RateLimit
from indexmaker.connectors.logging import configure_plugin_logging
from indexmaker.connectors.secrets import MASK, Redactor, SecretRef, redactor

SECOND = 10**9


class Clock:
    at = 0

    def now(self):
        return self.at


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "key"
    path.write_text("0xdeadbeefcafe\n")
    return path


def test_a_reference_is_read_each_time_and_never_shows_what_it_reveals(secret_file, monkeypatch):
    reference = SecretRef(f"file:{secret_file}")
    assert reference.reveal() == "0xdeadbeefcafe"
    assert "deadbeef" not in repr(reference)
    assert "deadbeef" not in str(vars(type(reference)))
    secret_file.write_text("rotated-key")
    assert reference.reveal() == "rotated-key"
    monkeypatch.setenv("TOY_KEY", "from-environment")
    assert SecretRef("env:TOY_KEY").reveal() == "from-environment"


def test_what_is_not_a_reference_is_refused_without_being_repeated():
    with pytest.raises(ValueError, match="must be a reference") as caught:
        SecretRef("hunter2hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("reference", ["env:NOT_SET_ANYWHERE", "file:/no/such/file"])
def test_a_missing_secret_says_where_it_was_looked_for(reference):
    with pytest.raises(ConfigurationError, match=reference):
        SecretRef(reference).reveal()


def test_known_secrets_are_masked_wherever_they_hide():
    own = Redactor()
    own.learn("0xdeadbeefcafe")
    own.learn("line-one-of-key\nline-two-of-key\n")
    own.learn("abc")
    value = {
        "text": "sent 0xdeadbeefcafe and deadbeefcafe",
        "deep": [{"x": ("line-two-of-key",)}],
        "private_key": "anything",
        "number": 7,
        "abc": "abc",
        "error": ValueError("line-one-of-key"),
    }
    cleaned = own.clean_value(value)
    shown = str(cleaned)
    assert "deadbeef" not in shown
    assert "line-" not in shown
    assert (cleaned["private_key"], cleaned["number"], cleaned["abc"]) == (MASK, 7, "abc")


def test_plugin_logs_are_json_lines_with_secrets_masked_in_tracebacks_too():
    stream, before = io.StringIO(), (logging.getLogger().handlers[:], logging.getLogger().level)
    redactor.learn("very-secret-value")
    try:
        configure_plugin_logging(plugin="toy", instance_id="i1", stream=stream)
        log = structlog.get_logger("test")
        with structlog.contextvars.bound_contextvars(correlation_id="c7"):
            try:
                raise RuntimeError("very-secret-value leaked")
            except RuntimeError:
                log.exception("it broke", key="very-secret-value")
        logging.getLogger("some.library").warning("says %s", "very-secret-value")
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["level"], first["plugin"], first["correlation_id"]) == (
        "it broke",
        "error",
        "toy",
        "c7",
    )
    assert "RuntimeError" in first["exception"]
    assert second["event"] == f"says {MASK}"
    assert "very-secret-value" not in stream.getvalue()


def test_lines_of_a_child_are_logged_again_under_its_name_and_level():
    forwarder = LogForwarder("toy", clock=Clock())
    with capture_logs() as logs:
        forwarder.forward(b'{"event":"filled","level":"warning","price":"1.5","timestamp":"T","self":1}')
        forwarder.forward(b"Segmentation fault")
        forwarder.forward(b'{"no event": 1}')
    assert logs[0] == {
        "event": "filled",
        "log_level": "warning",
        "price": "1.5",
        "at": "T",
        "process": "toy",
    }
    assert [(log["event"], log["line"]) for log in logs[1:]] == [
        ("output", "Segmentation fault"),
        ("output", '{"no event": 1}'),
    ]


def test_a_flood_of_lines_is_cut_but_errors_pass_and_the_loss_is_told():
    clock = Clock()
    forwarder = LogForwarder("toy", clock=clock, limit=RateLimit(clock=clock, rate=1, burst=2))
    with capture_logs() as logs:
        for number in range(5):
            forwarder.forward(b'{"event":"info %d"}' % number)
        forwarder.forward(b'{"event":"bad","level":"error"}')
        clock.at = SECOND
        forwarder.forward(b'{"event":"later"}')
    assert [log["event"] for log in logs] == ["info 0", "info 1", "log lines dropped", "bad", "later"]
    assert logs[2]["dropped"] == 3


def test_lines_are_cut_from_chunks_and_never_grow_without_bound():
    splitter = LineSplitter()
    assert splitter.feed(b"one\ntw") == [b"one"]
    assert splitter.feed(b"o\n\nthree") == [b"two"]
    assert splitter.finish() == [b"three"]
    assert len(splitter.feed(b"x" * 100_000)) == 1
    assert splitter.finish() == []


async def test_logs_of_a_plugin_process_reach_the_supervisor_and_its_secrets_do_not(secret_file, capfd):
    with capture_logs() as logs:
        async with world(toy(log=True, key=f"file:{secret_file}")) as (supervisor, _):
            await supervisor.wait_ready()
            while not any(log["event"] == "output" for log in logs):  # noqa: ASYNC110 - another process logs
                await asyncio.sleep(0.02)
    numbers = [log["number"] for log in logs if log["event"] == "working"]
    assert numbers == [0, 1, 2, 3, 4]
    careless = next(log for log in logs if log["event"] == "careless")
    assert (careless["text"], careless["nested"]) == (f"the key is {MASK}", {"inner": [MASK]})
    assert str(secret_file) in careless["ref"]
    assert "deadbeef" not in str(logs)
    assert "deadbeef" not in str(capfd.readouterr())
