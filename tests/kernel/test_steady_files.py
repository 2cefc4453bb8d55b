"""Large files that are written and removed in steps: what is in them is what was written, and only that goes."""

import os
import zipfile

from synthetic.steady_files import STEP_BYTES, remove_steadily, steady_file


def test_a_zip_file_is_written_in_steps_and_read_back(tmp_path):
    content = os.urandom(STEP_BYTES + 1)
    target = tmp_path / "large.zip"
    with steady_file(os.open(target, os.O_WRONLY | os.O_CREAT)) as file, zipfile.ZipFile(file, "w") as archive:
        for name in ("one", "two", "three"):
            archive.writestr(name, content)
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert [archive.read(name) for name in archive.namelist()] == [content] * 3


def test_a_folder_goes_with_large_files_and_what_has_another_name_stays_whole(tmp_path):
    content = os.urandom(3 * STEP_BYTES)
    folder, kept = tmp_path / "scratch", tmp_path / "kept"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "large").write_bytes(content)
    kept.write_bytes(content)
    os.link(kept, folder / "linked")
    (folder / "symbolic").symlink_to(kept)
    os.mkfifo(folder / "pipe")
    remove_steadily(folder)
    assert not folder.exists()
    assert kept.read_bytes() == content


def test_nothing_happens_where_there_is_no_folder(tmp_path):
    remove_steadily(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []
