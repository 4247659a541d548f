"""Files that hold secrets: for their owner's eyes alone, whole or not at all."""

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.secrecy import write_private


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    """New files are readable by everybody, unless the code sees to it."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_text_is_written_as_it_is(tmp_path: Path) -> None:
    write_private(tmp_path / "key.csv", "a,ü\r\nb\n")
    assert (tmp_path / "key.csv").read_bytes() == "a,ü\r\nb\n".encode()


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_private(tmp_path / "config", b"\xff\r\n\x00", mode=0o644)
    assert ((tmp_path / "config").read_bytes(), mode(tmp_path / "config")) == (b"\xff\r\n\x00", 0o644)


def test_only_the_owner_can_read_from_the_first_moment(tmp_path: Path) -> None:
    seen: set[int] = set()
    finished = threading.Event()

    def watch() -> None:
        while not finished.is_set():
            for entry in os.scandir(tmp_path):
                try:
                    seen.add(stat.S_IMODE(os.stat(entry.path).st_mode))
                except FileNotFoundError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(20):
        write_private(tmp_path / f"{number}.csv", "x" * 500_000)
    finished.set()
    watcher.join()
    assert seen | {mode(path) for path in tmp_path.iterdir()} == {0o600}


def test_a_file_that_everybody_could_read_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "key.csv"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert (path.read_text(), mode(path)) == ("new", 0o600)


def test_whoever_reads_meanwhile_sees_the_old_text_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "key.csv"
    write_private(path, "old")
    with path.open() as reading:
        write_private(path, "new")
        assert reading.read() == "old"


def test_a_failure_leaves_the_old_text_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "key.csv"
    write_private(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_private(tmp_path / "missing" / "key.csv", "text")


def test_a_folder_in_the_way_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / "key.csv").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_private(tmp_path / "key.csv", "text")
    assert list(tmp_path.iterdir()) == [tmp_path / "key.csv"]
