"""Lines of the log."""

import json
import logging
import threading

import pytest

from web import log
from web.log import JsonFormatter, TextFormatter, configure


def record(message: str = "run ended", error: BaseException | None = None, **bound):
    made = logging.makeLogRecord(
        {"name": "pysched", "levelname": "WARNING", "msg": message, "created": 1_777_626_000.25}
        | bound
    )
    made.exc_info = (type(error), error, None) if error else None
    return made


def test_a_json_line_has_what_was_bound():
    line = json.loads(JsonFormatter().format(record(run_id="r1", script_id="a/b", path=None)))

    assert line == {
        "time": "2026-05-01T09:00:00.250Z",
        "level": "warning",
        "logger": "pysched",
        "message": "run ended",
        "run_id": "r1",
        "script_id": "a/b",
        "path": None,
    }


def test_a_json_line_is_one_line_whatever_happened():
    text = JsonFormatter().format(record("a\nb", ValueError("x\ny")))

    assert (text.count("\n"), "ValueError" in json.loads(text)["error_trace"]) == (0, True)


def test_a_text_line_is_for_people():
    text = TextFormatter(traces=False).format(record(run_id="r1"))

    assert text.endswith("warning run ended (run_id=r1)")


@pytest.mark.parametrize(("traces", "lines"), [(False, 1), (True, 2)])
def test_a_trace_is_only_for_those_who_debug(traces, lines):
    text = TextFormatter(traces=traces).format(record(error=ValueError("x")))

    assert len(text.splitlines()) == lines


@pytest.fixture
def restored_logging():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("restored_logging")
def test_the_file_gets_every_message_as_json(tmp_path, capsys):
    configure(tmp_path / "logs", level="info", as_json=False)
    logging.getLogger("pysched").info("serving", extra={"url": "http://x"})

    line = json.loads((tmp_path / "logs" / "pysched.log").read_text())
    assert (line["message"], line["url"], capsys.readouterr()) == ("serving", "http://x", ("", ""))


@pytest.mark.usefixtures("restored_logging")
def test_the_directory_of_logs_is_for_this_account_alone(tmp_path):
    configure(tmp_path / "logs", level="info", as_json=False)

    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("restored_logging")
def test_with_json_the_terminal_gets_the_same(tmp_path, capsys):
    configure(tmp_path, level="info", as_json=True)
    logging.getLogger("pysched").info("serving")

    assert capsys.readouterr().out == (tmp_path / "pysched.log").read_text()


@pytest.mark.usefixtures("restored_logging")
def test_news_of_libraries_are_left_out(tmp_path):
    configure(tmp_path, level="debug", as_json=True)
    logging.getLogger("httpx").info("HTTP Request")

    assert (tmp_path / "pysched.log").read_text() == ""


@pytest.mark.usefixtures("restored_logging")
def test_a_log_file_that_is_full_is_put_aside(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "FILE_SIZE", 1_000)
    monkeypatch.setattr(log, "LINES_UNTIL_LOOK", 3)
    configure(tmp_path, level="info", as_json=False)

    for number in range(30):
        logging.getLogger("pysched").info("run ended", extra={"number": number})

    files = sorted(path.name for path in tmp_path.iterdir())
    assert files[:2] == ["pysched.log", "pysched.log.1"]
    assert all(path.stat().st_size < 2_000 for path in tmp_path.iterdir())


@pytest.mark.usefixtures("restored_logging")
def test_a_thread_that_fails_leaves_its_trace_in_the_file_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    configure(tmp_path, level="info", as_json=False)

    thread = threading.Thread(target=lambda: [][0], name="writer")
    thread.start()
    thread.join()

    line = json.loads((tmp_path / "pysched.log").read_text())
    assert (line["message"], line["thread_of"]) == ("a thread failed", "writer")
    assert "IndexError" in line["error_trace"]
    assert "Traceback" not in capsys.readouterr().err
