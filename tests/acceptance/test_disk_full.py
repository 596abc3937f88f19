"""A disk that is full lets nothing in and promises nothing; when there is room again, all goes on by itself."""

import subprocess
import urllib.error
import urllib.request

import pytest

from tests.support.hospital import Refused
from tests.support.stores import conserved, hospital, messages, new_engine, until

pytestmark = [pytest.mark.xdist_group("acceptance-disk-full"), pytest.mark.timeout(120)]


@pytest.fixture
def small(tmp_path):
    """Give a file system of 24 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a small file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file):
    with file.open("wb", buffering=0) as opened:
        while True:
            try:
                opened.write(bytes(65536))
            except OSError:
                return


def health(engine):
    try:
        with urllib.request.urlopen(f"{engine.services}/health", timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def test_a_full_disk_is_try_again_and_never_a_receipt(small):
    data = small / "data"
    data.mkdir()
    with new_engine("sqlite", data) as engine:
        ours = hospital(engine.start())
        kept = ours.accepted(ours.invent())
        fill(small / "ballast")
        for _ in range(40):  # more than the log has room for, too
            with pytest.raises(Refused) as caught:
                ours.upload(ours.invent())
            answer = caught.value.answer
            assert (answer.status, answer.code) == (503, "ENG-503")
            assert int(answer.headers["retry-after"]) > 0
        assert health(engine) == 503
        assert messages(engine) == 1
        (small / "ballast").unlink()
        until(lambda: health(engine) == 200)
        again = ours.accepted(ours.invent())
        assert [ours.receipt(receipt)["state"] for receipt in (kept, again)] == ["routed", "routed"]
        assert conserved(engine)
        assert engine.stop() == 0
