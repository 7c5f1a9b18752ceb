"""SQL that only one engine runs, or that two engines run differently, found by its words.

DuckDB is the default engine and Spark the one for more than a machine holds; whatever differs
between them stands in `macros/engine/` and nowhere else. This knows words, not meanings: that equal
SQL gives equal rows is for a test on both engines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Construct:
    """Something not to be written, what to write instead, and an example of it."""

    name: str
    pattern: re.Pattern[str]
    instead: str
    example: str


def _construct(name: str, pattern: str, instead: str, example: str) -> Construct:
    return Construct(name, re.compile(pattern, re.IGNORECASE | re.DOTALL), instead, example)


FORBIDDEN = (
    _construct(
        "qualify",
        r"\bqualify\b",
        "row_number() in a CTE and a where outside",
        "select a from t qualify row_number() over (order by a) = 1",
    ),
    _construct("::", "::", "cast(x as type)", "select a::date from t"),
    _construct("exclude", r"\bexclude\s*\(", "name the columns", "select * exclude (a) from t"),
    _construct(
        "* replace", r"\*\s*replace\s*\(", "name the columns", "select * replace (1 as a) from t"
    ),
    _construct("columns()", r"\bcolumns\s*\(", "name the columns", "select max(columns(*)) from t"),
    _construct(
        "union by name",
        r"\bunion\s+(all\s+)?by\s+name\b",
        "columns in one order",
        "select a from t union all by name select a from u",
    ),
    _construct(
        "any_value",
        r"\b(any_value|first|last|arbitrary|arg_max|arg_min|first_value|last_value)\s*\(",
        "max(), min() or row_number(): which value is 'any' differs",
        "select any_value(a) from t",
    ),
    _construct(
        "lists",
        r"\b(generate_series|unnest|explode|array_agg|list|collect_list|list_\w+|array_\w+)\s*\(",
        "a macro of macros/engine, or a range join",
        "select unnest(generate_series(1, 2)) as a",
    ),
    _construct("list literals", r"\[", "rows of a seed or a union", "select a in [1, 2] from t"),
    _construct(
        "string lists",
        r"\b(string_agg|listagg|group_concat|concat_agg)\s*\(",
        "ordered_list()",
        "select string_agg(a, ',') from t",
    ),
    _construct(
        "differences of dates",
        r"\b(date_?diff|date_?sub|date_?add|dateadd|months_between|age)\s*\(",
        "days_between(), add_days(), add_months()",
        "select date_diff('day', a, b) from t",
    ),
    _construct(
        "intervals",
        r"\b(interval\b|to_(days|months|years|hours)\s*\()",
        "add_days(), add_months(): DuckDB takes 30 days for one month",
        "select a + interval 30 day from t",
    ),
    _construct(
        "range frames over time",
        r"\brange\s+between\s+interval\b",
        "an integer day number",
        "select sum(a) over (order by d range between interval 27 day preceding and current row)",
    ),
    _construct(
        "date formats",
        r"\b(strftime|strptime|date_format|to_date|to_timestamp|try_strptime|epoch\w*|dayofweek"
        r"|isodow|date_part|unix_timestamp)\s*\(",
        "date_trunc(), extract(year, month or day), or a macro of macros/engine",
        "select strftime(a, '%Y') from t",
    ),
    _construct(
        "zones",
        r"\btimezone\s*\(|\bat\s+time\s+zone\b",
        "local_to_utc()",
        "select a at time zone 'UTC'",
    ),
    _construct(
        "asof joins", r"\basof\b", "a range join", "select a from t asof join u on t.a >= u.a"
    ),
    _construct(
        "ignore nulls",
        r"\b(ignore|respect)\s+nulls\b",
        "max() over, or a macro",
        "select lag(a ignore nulls) over (order by b) from t",
    ),
    _construct("//", r"//", "cast(floor(a / b) as bigint)", "select a // b from t"),
    _construct(
        "sums of booleans",
        r"\bsum\s*\(\s*(\w+\.)?(is|has)_\w+\s*\)|\bsum\s*\((?![^()]*\bcase\b)[^()]*[<>=][^()]*\)",
        "count(case when x then 1 end)",
        "select sum(is_return) from t",
    ),
    _construct(
        "regular expressions",
        r"\bregexp_\w+\s*\(|\brlike\b|\bsimilar\s+to\b",
        "matches(), replace_all()",
        "select regexp_extract(a, 'x') from t",
    ),
    _construct(
        "hashes",
        r"\b(hash|sha\d*|xxhash64|crc32)\s*\(",
        "surrogate_key() or md5()",
        "select hash(a) from t",
    ),
    _construct("log", r"\blog\s*\(", "ln() or log10(): the base differs", "select log(a) from t"),
    _construct(
        "recursion",
        r"\bwith\s+recursive\b",
        "days_from_to()",
        "with recursive t as (select 1) select 1",
    ),
    _construct(
        "types of one engine",
        r"\bas\s+(varchar|text|hugeint|ubigint|uinteger|blob|json|datetime|timestamptz)\s*\)",
        "string, bigint, decimal(p, s), double, date, timestamp, boolean",
        "select cast(a as varchar) from t",
    ),
    _construct("quoted names", '"', "adapter.quote()", 'select "a" from t'),
    _construct(
        "structs",
        r":=|\bstruct_pack\s*\(|\bto_json\s*\(",
        "as_json()",
        "select struct_pack(a := 1)",
    ),
)
# In a pattern, not outside one: Spark reads [[:punct:]] as a set of those letters.
POSIX_CLASS = re.compile(r"\[:\w+:\]")

# How dbt and macros/engine write on DuckDB what they write differently on Spark.
EXPANSIONS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r'"\w+( \w+| \(\w+\))*"',
        r"\bselect cast\(unnest\(generate_series\(.*?, interval 1 day\)\) as date\) as date_on",
        r"\bstring_agg\(distinct ",
        r"\bregexp_(matches|replace)\(",
        r"\btimezone\(",
        r"\bto_(months|hours)\(",
        r"\bwhere false\s+union all by name\s+select \* from",
        r"\btry_strptime\(",
        r"\barray_to_string\(",
        r"\blist_(sort|transform)\(",
        r"\bround\(date_diff\(''[^)]*\) / cast\(60 as double\), 2\)",
        r"\bto_json\(struct_pack\(",
        r"\b\w+ := ",
    )
)


def breaches(sources: Mapping[str, str], *, compiled: bool = False) -> list[str]:
    """What only one engine runs, as file, construct and remedy.

    `compiled` SQL may hold what dbt and the engine macros write; SQL and macros by hand may not.
    """
    found = []
    for file, source in sources.items():
        sql = bare(source)
        for expansion in EXPANSIONS if compiled else ():
            sql = expansion.sub(" ", sql)
        found += [
            f"{file}: {construct.name}; write {construct.instead}"
            for construct in FORBIDDEN
            if construct.pattern.search(sql)
        ]
        if POSIX_CLASS.search(source):
            found.append(f"{file}: a POSIX class; write the characters")
    return found


def bare(source: str) -> str:
    """SQL without comments, Jinja and the content of texts."""
    source = re.sub(r"\{#.*?#\}", " ", source, flags=re.DOTALL)
    source = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " x ", source, flags=re.DOTALL)
    # Whichever begins first: a text may hold two dashes, a comment an apostrophe.
    return re.sub(
        r"'(?:[^']|'')*'|--[^\n]*", lambda found: "''" if found[0][0] == "'" else " ", source
    )
