"""Files of a destination that somebody has spoilt, or forged: whoever reads them gets a clear answer, never a crash.

OBSIM_EXAMPLES sets how many of each are tried in the long form (marker `full`).
"""

import os
from copy import deepcopy
from dataclasses import replace
from random import Random
from zlib import crc32

import msgspec
import pytest
from typer.testing import CliRunner

from obsim import Cluster, ServerError
from obsim.cli import app
from obsim.cluster.stored_facts import read_facts
from obsim.cluster.tenant_facts import TenantFacts
from obsim.destination import parse_uri
from obsim.destination.envelope import Damaged, Kind, open_sealed, seal, sealed_kind
from obsim.destination.records import FileSum, SetInfo, read_record, seal_record
from obsim.errors import UsageError
from obsim.restore.found_windows import found_windows
from obsim.restore.reading import read_destination
from obsim.storage.stored import encode_facts
from obsim.testing.destination_trial import DestinationTrial
from obsim.testing.media import Media

LONG = int(os.environ.get("OBSIM_EXAMPLES", "2000"))
DATA, LOG = "file:///media/data1", "file:///media/log1"
ANSWERS = {"SUCCESS", "FAIL", 4012, 4018, 9047, 9081}
ODD = [
    0, 1, -1, 1 << 31, 1 << 62, (1 << 64) - 1, -1 << 63, "", "t1", "a" * 5000, b"", b"\x80", b"\x00\xff\xff\xff\x03",
    None, True, 1.5, float("nan"), [], [1, 2], [[]], {},
]  # fmt: skip
FORGED = ("ls_meta_infos", "single_backup_set_info", "/log/", "file_info", "format")


@pytest.fixture(scope="module")
def lived():
    """Files by path and name: a set with its own log, an increment, log with changes of all kinds; and their end."""
    trial = DestinationTrial()
    trial.write(3)
    trial.backup("DATABASE PLUS ARCHIVELOG")
    trial.write(2)
    trial.freeze()
    trial.cluster.execute("CALL obsim.create_table('mysql_tenant', 'n', 40000, 200, 3)")
    trial.cluster.write("mysql_tenant", "t1", 500, "rows_uniform")
    trial.backup()
    trial.write(2)
    trial.run("CREATE USER reader IDENTIFIED BY 'x'")
    trial.freeze("MINOR")
    trial.advance(5)
    return {path: dict(store.files) for path, store in trial.media.stores.items()}, trial.cluster.now_ns - 10**9


def restoring(files, until="", uris=f"{DATA},{LOG}"):
    """A cluster that has restored from these files, as far as it came, and how that ended."""
    cluster = Cluster("blank", seed=9, version="4.2.5")
    cluster.state.outside.attach(Media.holding(files))
    unit = cluster.query("SELECT NAME FROM oceanbase.DBA_OB_UNIT_CONFIGS")[0][0]
    cluster.execute(f"CREATE RESOURCE POOL p UNIT = '{unit}', UNIT_NUM = 1")
    try:
        cluster.execute(f"ALTER SYSTEM RESTORE back FROM '{uris}' {until} WITH 'pool_list=p'")
        cluster.run_until_idle()
    except ServerError as refused:
        return cluster, refused.errno
    return cluster, cluster.query("SELECT STATUS FROM oceanbase.CDB_OB_RESTORE_HISTORY WHERE TENANT_ID = 1")[0][0]


def attempt(files, scn) -> set[object]:
    """Look at the destinations and restore from them; how that ended."""
    for path, store in Media.holding(files).stores.items():
        try:
            found = read_destination(parse_uri(path), store)
        except Damaged:
            continue
        if found is not None:
            found_windows([found], found.backup_sets())
    return {restoring(files)[1], restoring(files, f"UNTIL SCN = {scn}")[1]}


def spoil(random: Random, data: bytes) -> bytes:
    """A bit is another one, bytes are gone or came, or it is something else altogether."""
    place = random.randrange(len(data))
    match random.randrange(4):
        case 0:
            return data[:place] + bytes([data[place] ^ 1 << random.randrange(8)]) + data[place + 1 :]
        case 1:
            return data[:place]
        case 2:
            return data + random.randbytes(1)
    return random.randbytes(len(data))


def spoilt(files, number: int):
    """The files with one of them spoilt, and where that is."""
    random = Random(number)
    files = {path: dict(below) for path, below in files.items()}
    path = random.choice(sorted(files))
    name = random.choice([name for name in sorted(files[path]) if files[path][name]])
    files[path][name] = spoil(random, files[path][name])
    return files, path, name


def forged(files, number: int):
    """The files with one value in one of them another one, every sum right."""
    random = Random(number)
    path = random.choice(sorted(files))
    name = random.choice([n for n in sorted(files[path]) if any(word in n for word in FORGED) and files[path][n]])
    kind = sealed_kind(files[path][name])
    value = msgspec.msgpack.decode(open_sealed(kind, files[path][name]))
    places = list(places_in(value))
    inside, key = random.choice(places)
    old = inside[key]
    counts = isinstance(old, int) and not isinstance(old, bool) and random.random() < 0.4
    inside[key] = old + random.choice([-1, 1, 1000, -1000, 10**9, -old]) if counts else random.choice(ODD)
    return resealed(files, path, name, seal(kind, msgspec.msgpack.encode(value)))


def places_in(value):
    keys = value if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places_in(value[key])


def resealed(files, path, name, data):
    """The files with another one in a place, which the row of its set counts as it is."""
    files = {at: dict(below) for at, below in files.items()}
    files[path][name] = data
    directory, _, rest = name.partition("/")
    info = f"{directory}/single_backup_set_info.obbak"
    if info in files[path] and name != info:
        row = read_record(Kind.SET_INFO, SetInfo, files[path][info])
        sums = tuple(FileSum(s.name, len(data), crc32(data)) if s.name == rest else s for s in row.files)
        files[path][info] = seal_record(Kind.SET_INFO, msgspec.structs.replace(row, files=sums))
    return files


@pytest.mark.parametrize("number", range(30))
def test_a_spoilt_file(lived, number):
    files, scn = lived
    broken, path, name = spoilt(files, number)
    try:
        found = read_destination(parse_uri(path), Media.holding(broken).stores[path])
        assert found is not None
        assert found.damaged, name
    except Damaged:
        assert name == "format.obbak"
    assert attempt(broken, scn) <= ANSWERS


@pytest.mark.parametrize("number", range(30))
def test_a_forged_file(lived, number):
    files, scn = lived
    assert attempt(forged(files, number), scn) <= ANSWERS


@pytest.mark.full
def test_many(lived):
    files, scn = lived
    for number in range(LONG):
        assert attempt(spoilt(files, number)[0], scn) <= ANSWERS, number
        assert attempt(forged(files, number), scn) <= ANSWERS, number


def with_entries(files, change):
    """The files with other entries in the archived log."""
    name = next(n for n in files[LOG] if n.endswith("/logstream_1001/log/1.obarc"))
    log = deepcopy(msgspec.msgpack.decode(open_sealed(Kind.LOG, files[LOG][name])))
    change(log["entries"])
    return resealed(files, LOG, name, seal(Kind.LOG, msgspec.msgpack.encode(log)))


def test_facts_that_are_none_make_a_gap_in_the_log(lived):
    files, _ = lived

    def change(entries):
        entries[-2][2:] = [None, b"\x80"]

    assert restoring(with_entries(files, change))[1] == 4018


def test_facts_of_a_mode_that_is_none_are_damaged():
    facts = TenantFacts("MYSQL", "utf8mb4", "utf8mb4_bin", (), ())
    assert read_facts(encode_facts(facts)) == facts
    with pytest.raises(Damaged, match="'DB2' is no compatibility mode"):
        read_facts(encode_facts(replace(facts, mode="DB2")))


@pytest.mark.parametrize(
    "wrong", [["write", ["gone", 1, "random", 0], {}], ["write", ["t1"], {}], ["write", ["t1", -(1 << 63), 5, 0], {}]]
)
def test_a_change_that_cannot_have_been_fails_the_restore(lived, wrong):
    files, _ = lived

    def change(entries):
        entries[-1][2:] = [wrong, b""]

    cluster, answer = restoring(with_entries(files, change))
    assert answer == "FAIL"
    (row,) = cluster.query("SELECT COMMENT FROM oceanbase.CDB_OB_RESTORE_HISTORY WHERE TENANT_ID = 1")
    assert "result: -4070(Invalid data)" in row["COMMENT"]


def test_a_standby_follows_no_forged_log(lived):
    files, _ = lived
    media_files = with_entries(files, lambda entries: entries.pop())
    cluster, answer = restoring(media_files)
    assert answer == "SUCCESS"
    media = cluster.state.outside._hands.performer

    def change(entries):
        entries[-1][2:] = [["write", ["gone", 1, "random", 0], {}], b""]

    media.stores[LOG].files.update(with_entries(files, change)[LOG])
    before = cluster.state.tenant_named("back").standby.synced_scn
    cluster.execute("ALTER SYSTEM RECOVER STANDBY TENANT = back UNTIL UNLIMITED")
    cluster.advance(hours=2)
    assert cluster.state.tenant_named("back").standby.synced_scn == before
    assert cluster.state.tenant_named("back").standby.source is None


@pytest.mark.parametrize("number", range(6))
def test_the_command_line(lived, tmp_path, number):
    """Exit code 1 for what is damaged; what is no destination is said to be none."""
    files, path, name = spoilt(lived[0], 1000 + number)
    for at, below in files.items():
        for file, data in below.items():
            place = tmp_path / at.rpartition("/")[2] / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    answer = CliRunner().invoke(app, ["inspect", f"file://{tmp_path}/{path.rpartition('/')[2]}"])
    if name == "format.obbak":
        assert "its format file cannot be read" in str(answer.exception)
        assert isinstance(answer.exception, UsageError)
    else:
        assert (answer.exit_code, type(answer.exception)) == (1, SystemExit), name
