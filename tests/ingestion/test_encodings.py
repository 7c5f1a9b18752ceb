"""Every declared encoding arrives as the same text, packed or not; what is no text is refused."""

from __future__ import annotations

import gzip

import pytest
from lake_by_hand import Lake

from crm.contracts import Dialect
from crm.readers.encodings import CHUNK

EVERYWHERE = "Zoë Müller"
# Declared encoding, how the bytes come about, a text that it can write.
WRITTEN = {
    "utf-8": ("utf-8", "utf-8", "王 Zoë €😀"),
    "utf-8 with a mark": ("utf-8", "utf-8-sig", "王 Zoë €😀"),
    "utf-8-sig": ("utf-8-sig", "utf-8-sig", "王 Zoë €😀"),
    "utf-16 with a mark, little end first": ("utf-16", "utf-16", "王 Zoë €😀"),
    "utf-16 with a mark, big end first": ("utf-16", "utf-16-be with a mark", "王 Zoë €😀"),
    "utf-16-le without a mark": ("utf-16-le", "utf-16-le", "王 Zoë €😀"),
    "utf-16-be with a mark": ("utf-16-be", "utf-16-be with a mark", "王 Zoë €😀"),
    "latin-1": ("latin-1", "latin-1", EVERYWHERE),
    "windows-1252": ("windows-1252", "windows-1252", "Zoë €“”"),
    "gbk": ("gbk", "gbk", "王小明 Zo 龍"),
    "gb18030": ("gb18030", "gb18030", "王 Zoë €😀𠀀"),
    "gb18030 with a mark": ("gb18030", "gb18030 with a mark", "王 Zoë €😀"),
}
NAMES = {"csv": "a.csv", "csv.gz": "a.csv.gz", "jsonl": "a.jsonl", "jsonl.gz": "a.jsonl.gz"}


def written(text: str, way: str) -> bytes:
    encoding, mark, _ = way.partition(" with a mark")
    return (("\ufeff" if mark else "") + text).encode(encoding)


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("case", WRITTEN)
def test_a_declared_encoding_arrives_as_the_text_that_was_written(
    lake: Lake, case: str, kind: str
) -> None:
    encoding, way, note = WRITTEN[case]
    lake.declare(dialect=Dialect(encoding=encoding))
    # Longer than one piece, so that a character is cut between two of them.
    notes = [note + "x" * (at % 7) + note * 200 for at in range(CHUNK // 1000)]
    if kind.startswith("csv"):
        text = "id,note\n" + "".join(f"{at},{value}\n" for at, value in enumerate(notes))
    else:
        text = "".join(f'{{"id": {at}, "note": "{value}"}}\n' for at, value in enumerate(notes))
    content = written(text, way)
    taken = lake.take(gzip.compress(content) if kind.endswith("gz") else content, NAMES[kind])
    assert taken.status == "taken"
    assert [row[1:] for row in lake.rows(taken)] == [(str(at), v) for at, v in enumerate(notes)]


@pytest.mark.parametrize(
    ("encoding", "content", "reason"),
    [
        ("utf-8", b"id,note\n1,Zo\xeb\n", "Byte 12 is no utf-8 text"),
        ("utf-8", b"\xff\xfei\0d\0", "Byte 0 is no utf-8 text"),
        ("gbk", b"id,note\n1,\x81", "Byte 10 is no gbk text"),
        ("gb18030", b"id,note\n1,\xff\n", "Byte 10 is no gb18030 text"),
        ("utf-16", "id,note\n1,x".encode("utf-16")[:-1], "Byte 22 is no utf-16"),
        ("utf-16-le", b"i\0d\0\n\0\x00\xd8\n\0", "Byte 6 is no utf-16"),
        ("windows-1252", b"id,note\n1,\x81\n", "Byte 10 is no charmap text"),
    ],
)
def test_an_undecodable_file_is_refused_whole_and_the_others_go_on(
    lake: Lake, encoding: str, content: bytes, reason: str
) -> None:
    lake.declare(dialect=Dialect(encoding=encoding))
    lake.deliver("a.csv", content)
    lake.deliver("b.csv", "id\n1\n".encode(encoding))
    refused, taken = lake.ingest().deliveries
    assert (refused.status, refused.unparseable, taken.status) == ("refused", 1, "taken")
    assert str(refused.reason).startswith(reason)
    assert lake.rejects(refused) == [(None, None, refused.reason)]
    assert lake.rows(taken) == [(2, "1")]


def test_json_lines_in_another_encoding_are_refused_whole_too(lake: Lake) -> None:
    lake.declare(dialect=Dialect(encoding="gbk"))
    refused = lake.take(b'{"id": "\x81"}\n', "a.jsonl")
    assert str(refused.reason).startswith("Byte 8 is no gbk text")


@pytest.mark.parametrize(
    ("name", "delimiter"), [("a.tsv", "\t"), ("a.txt", "|"), ("a.txt.gz", "|")]
)
def test_other_names_of_text_files_are_read_by_the_declared_dialect(
    lake: Lake, name: str, delimiter: str
) -> None:
    lake.declare(dialect=Dialect(delimiter=delimiter))
    content = f"id{delimiter}note\n1{delimiter}a,b\n".encode()
    taken = lake.take(gzip.compress(content) if name.endswith("gz") else content, name)
    assert (taken.format, lake.rows(taken)) == ("csv", [(2, "1", "a,b")])
