"""The embedded ClickHouse speaks to the unmodified clickhouse-connect HTTP client, and keeps what it confirmed."""

import gzip
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from pathlib import Path

import clickhouse_connect
import lz4.frame  # type: ignore[import-untyped]  # it has no stubs
import pandas as pd
import pytest
import zstandard
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError, StreamFailureError

from embedded.clickhouse import ClickHouseServer
from embedded.clickhouse_engine import split_insert

TABLE = """CREATE TABLE t (a Int64, s LowCardinality(String)) ENGINE = MergeTree ORDER BY a
SETTINGS non_replicated_deduplication_window = 1000"""


def test_queries_give_rows_frames_and_arrow(clickhouse: ClickHouseServer) -> None:
    client = clickhouse.connect()
    assert client.ping()
    assert client.query("SELECT number, toString(number) AS s FROM numbers(3)").result_rows == [
        (0, "0"),
        (1, "1"),
        (2, "2"),
    ]
    frame = client.query_df("SELECT toDateTime64(number, 6, 'UTC') AS time, number / 2 AS half FROM numbers(2)")
    assert list(frame["half"]) == [0.0, 0.5]
    assert frame["time"].iloc[1] == pd.Timestamp("1970-01-01 00:00:01")
    assert client.query_arrow("SELECT 7 AS seven, ['a'] AS list").to_pylist() == [{"seven": 7, "list": ["a"]}]
    assert client.query("SELECT 1 AS one, 'x' AS s LIMIT 0").column_names == ("one", "s")
    assert client.command("SELECT 42") == 42
    assert client.raw_query("SELECT 1 AS a", fmt="JSONEachRow") == b'{"a":1}\n'


def test_parameters_are_values_not_text(clickhouse: ClickHouseServer) -> None:
    client = clickhouse.connect()
    odd = "it's\ta \\ 'trap'\n; DROP"
    rows = client.query("SELECT {odd:String}, {list:Array(Int32)}", parameters={"odd": odd, "list": [1, 2]}).result_rows
    assert rows == [(odd, [1, 2])]
    formed = clickhouse_connect.get_client(
        host=clickhouse.host, port=clickhouse.port, password=clickhouse.password, form_encode_query_params=True
    )
    assert formed.query("SELECT {odd:String}", parameters={"odd": odd}).result_rows == [(odd,)]


def test_inserts_of_every_kind_arrive(clickhouse: ClickHouseServer, database: str) -> None:
    client = clickhouse.connect(database)
    client.command(TABLE)
    assert client.insert("t", [[1, "native"], [2, "native"]], column_names=["a", "s"]).written_rows == 2
    client.insert_df("t", pd.DataFrame({"a": [3], "s": ["frame"]}))
    line = b'{"a":%d,"s":"raw"}\n'
    client.raw_insert("t", insert_block=line % 4, fmt="JSONEachRow")
    packed = {"gzip": gzip.compress, "zstd": zstandard.compress, "lz4": lz4.frame.compress}
    for number, (name, pack) in enumerate(packed.items(), 5):
        client.raw_insert("t", insert_block=pack(line % number), fmt="JSONEachRow", compression=name)
    client.command("INSERT INTO t VALUES (8, 'FORMAT CSV')")
    client.command("INSERT INTO t FORMAT CSV", data="9,csv")
    client.command("INSERT INTO t SELECT 10, 'select'")
    assert [row[0] for row in client.query("SELECT a FROM t ORDER BY a").result_rows] == list(range(1, 11))
    other = clickhouse.connect()
    assert other.query("SELECT count() FROM {where:Identifier}.t", parameters={"where": database}).result_rows == [
        (10,)
    ]


def test_settings_hold_for_one_request_only(clickhouse: ClickHouseServer) -> None:
    client = clickhouse.connect()
    limited = "SELECT getSetting('max_result_rows')"
    assert client.query(limited, settings={"max_result_rows": 77}).result_rows == [(77,)]
    assert client.query(limited).result_rows == [(0,)]
    with pytest.raises(DatabaseError, match="TOO_MANY_ROWS"):
        client.query(
            "SELECT number FROM numbers(100)", settings={"max_result_rows": 77, "result_overflow_mode": "throw"}
        )


def test_same_token_is_stored_once(clickhouse: ClickHouseServer, database: str) -> None:
    client = clickhouse.connect(database)
    client.command(TABLE)
    for _ in range(3):
        client.raw_insert(
            "t", insert_block=b'{"a":1}\n{"a":2}\n', fmt="JSONEachRow", settings={"insert_deduplication_token": "k"}
        )
    assert client.command("SELECT count() FROM t") == 2


@pytest.mark.parametrize(
    ("statement", "code"),
    [("SELECT * FROM nowhere", 60), ("SELEC 1", 62), ("SELECT 1; SELECT 2", 62), ("SELECT throwIf(1)", 395)],
)
def test_errors_carry_their_code(clickhouse: ClickHouseServer, statement: str, code: int) -> None:
    with pytest.raises(DatabaseError) as caught:
        clickhouse.connect().command(statement)
    assert caught.value.code == code


def test_bad_row_refuses_the_whole_insert(clickhouse: ClickHouseServer, database: str) -> None:
    client = clickhouse.connect(database)
    client.command(TABLE)
    with pytest.raises(DatabaseError) as caught:
        client.raw_insert("t", insert_block=b'{"a":1}\n{"a":"x"}\n', fmt="JSONEachRow")
    assert caught.value.code == 27
    assert client.command("SELECT count() FROM t") == 0


def test_password_guards_all_but_the_health_check(clickhouse: ClickHouseServer) -> None:
    with pytest.raises(DatabaseError) as caught:
        clickhouse_connect.get_client(host=clickhouse.host, port=clickhouse.port, password="wrong")
    assert caught.value.code == 516
    assert clickhouse.answers()


def test_reading_by_get_cannot_write(clickhouse: ClickHouseServer, database: str) -> None:
    connection = http.client.HTTPConnection(clickhouse.host, clickhouse.port)
    key = b64encode(f"default:{clickhouse.password}".encode()).decode()
    connection.request(
        "GET",
        f"/?database={database}&query=CREATE+TABLE+x+(a+Int8)+ENGINE=Memory",
        headers={"Authorization": f"Basic {key}"},
    )
    answer = connection.getresponse()
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "164")
    connection.close()


def test_blocks_stream_and_a_late_error_is_told(clickhouse: ClickHouseServer) -> None:
    client = clickhouse.connect()
    with client.query_column_block_stream("SELECT number FROM numbers(300000)") as blocks:
        assert sum(len(block[0]) for block in blocks) == 300_000
    with (
        pytest.raises(StreamFailureError, match="non-zero"),
        client.query_column_block_stream("SELECT throwIf(number = 4900000) FROM numbers(5000000)") as blocks,
    ):
        list(blocks)
    with client.query_rows_stream("SELECT number FROM numbers(300000)") as rows:
        assert next(iter(rows)) == (0,)
    assert client.command("SELECT 1") == 1


def test_threads_share_one_client(clickhouse: ClickHouseServer, database: str) -> None:
    client = clickhouse.connect(database)
    client.command(TABLE)

    def work(number: int) -> None:
        for step in range(10):
            client.raw_insert("t", insert_block=b'{"a":%d}\n' % (number * 10 + step), fmt="JSONEachRow")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.query("SELECT count(), uniqExact(a) FROM t").result_rows == [(60, 60)]


def test_insert_cut_off_by_its_client_leaves_nothing(clickhouse: ClickHouseServer, database: str) -> None:
    client = clickhouse.connect(database)
    client.command(TABLE)
    key = b64encode(f"default:{clickhouse.password}".encode())
    head = (
        b"POST /?database=%b&query=INSERT+INTO+t+FORMAT+JSONEachRow HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %b\r\n"
    )
    bodies = {
        b"Content-Length: 1000\r\n\r\n": b'{"a":1}\n',
        b"Transfer-Encoding: chunked\r\n\r\n": b'8\r\n{"a":1}\n\r\n',
    }
    for kind, body in bodies.items():
        with socket.create_connection((clickhouse.host, clickhouse.port)) as connection:
            connection.sendall(head % (database.encode(), key) + kind + body)
    time.sleep(0.3)
    assert client.command("SELECT count() FROM t") == 0


@pytest.mark.parametrize(
    ("statement", "parts"),
    [
        (b"INSERT INTO t FORMAT CSV\n1,2", (b"INSERT INTO t ", b"", b"CSV", b"1,2")),
        (
            b"insert into t (`format a`) format Native\n\n\x00",
            (b"insert into t (`format a`) ", b"", b"Native", b"\n\x00"),
        ),
        (b"INSERT INTO t SETTINGS a='FORMAT' FORMAT TSV x", (b"INSERT INTO t ", b"SETTINGS a='FORMAT' ", b"TSV", b"x")),
        (b"/* FORMAT */ INSERT INTO t VALUES (1) -- FORMAT CSV", None),
        (b"SELECT 1 FORMAT CSV", None),
        (b"INSERT INTO t SELECT 1 FORMAT CSV", None),
    ],
)
def test_insert_is_split_where_its_data_begins(
    statement: bytes, parts: tuple[bytes, bytes, bytes, bytes] | None
) -> None:
    assert split_insert(statement) == parts


def test_second_process_on_one_path_is_told_so(clickhouse: ClickHouseServer) -> None:
    command = [sys.executable, "-m", "embedded.clickhouse", "--path", str(clickhouse.path), "--port", "1"]
    root = str(Path(__file__).resolve().parents[1])
    environment = {**os.environ, "RELAYWARDEN_CLICKHOUSE_PASSWORD": "x"}
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "does another process hold it?" in done.stderr


def _confirmed(server: ClickHouseServer, numbers: range) -> list[int]:
    client = server.connect()
    done: list[int] = []
    try:
        for number in numbers:
            client.raw_insert("t", insert_block=b'{"a":%d}\n' % number, fmt="JSONEachRow")
            done.append(number)
    except OperationalError:
        pass
    return done


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_confirmed_rows_survive_the_end(tmp_path: Path, number: signal.Signals) -> None:
    server = ClickHouseServer(tmp_path / "data")
    chance = random.Random(7)
    confirmed: list[int] = []
    begun = time.monotonic()
    with server:
        server.connect().command(TABLE)
        assert time.monotonic() - begun < 10  # under 3 s on an idle machine
        for turn in range(3):
            timer = threading.Timer(0.3 + chance.random() / 2, os.kill, (server.pid, number))
            timer.start()
            confirmed += _confirmed(server, range(turn * 100_000, (turn + 1) * 100_000))
            timer.join()
            server.stop()
            server.start()
        stored = {row[0] for row in server.connect().query("SELECT a FROM t").result_rows}
    assert len(confirmed) > 30
    assert stored >= set(confirmed)
    assert len(stored - set(confirmed)) <= 3
