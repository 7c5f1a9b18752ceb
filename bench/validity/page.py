"""What was measured as the written part of docs/lifecycle-validity.md, and the picture beside it.

Not here: any measuring, and what people made of the figures, which stands around the marks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from bench.validity.homes import DataSet, Validity
from bench.validity.picture import picture
from bench.validity.planted import RIGHT, UNKNOWN, WITHIN_MONTHS, WRONG, Found, Planted
from bench.validity.resampling import REPLICATES, SEED, Estimate
from bench.validity.spend_falls import SpendFalls
from bench.validity.stages import STAGES, Outcomes, verdict
from bench.validity.thresholds import RULES, Choice, Rule

BEGIN, END = "<!-- make validity writes from here -->", "<!-- to here -->"
_UNITS = {"repurchase": "repurchase", "amount": "spend"}


def placed(document: str, found: Mapping[DataSet, Validity]) -> str:
    """The document with all figures between its marks. Raises `ValueError` without the marks."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The document has no '{BEGIN}' followed by '{END}'.")
    return f"{before}{begin}\n\n{_written(found)}\n\n{end}{after}"


def drawn(found: Mapping[DataSet, Validity]) -> str:
    """The picture."""
    return picture({data.title: validity.all for data, validity in found.items()})


def _written(found: Mapping[DataSet, Validity]) -> str:
    overview = _table(
        ("data", "as of", "order lines", "buyers", "month-ends judged", "published version"),
        (
            (
                data.title,
                f"{of.as_of}",
                f"{of.lines:,}",
                f"{of.customers:,}",
                f"{len(of.all.month_ends)}, {_period(of.all)}",
                f"`{of.version}`",
            )
            for data, of in found.items()
        ),
    )
    return "\n\n".join(
        [
            f"Measured on {dt.datetime.now(dt.UTC):%Y-%m-%d}: {REPLICATES:,} draws of customers, "
            f"seed {SEED}.",
            overview,
            "![Share that bought again within six months, by stage](lifecycle-validity.svg)",
            *(_section(data, of) for data, of in found.items()),
        ]
    )


def _section(data: DataSet, of: Validity) -> str:
    parts = [
        f"## {data.title}\n\n{data.about} {_summary(of.all)}",
        _stages(of.all, data.currency),
        _differences(of.all, data.currency),
        f"By half-year of the month-end. {_ORDER}",
        _rates(of.half_years),
        *_truncated(of),
        "### Decline by spend",
        _spend_falls(of.spend_falls, data.currency),
        *_thresholds(of, data.currency),
        *_planted(of.planted),
    ]
    return "\n\n".join(parts)


_ORDER = (
    "Beside the rates stand the neighbours whose order, compared at the same month-ends, is not "
    "supported."
)


def _summary(of: Outcomes) -> str:
    """One sentence on the order of repurchase at the same month-ends."""
    said: dict[str, list[str]] = {}
    for pair in of.differences["repurchase"]:
        told = verdict(pair.at_same_month_end).strip("*")
        said.setdefault(told, []).append(f"{pair.better} over {pair.worse}")
    told = "; ".join(f"{', '.join(pairs)}: {name}" for name, pairs in said.items())
    return f"Repurchase at the same month-ends: {told}."


def _stages(of: Outcomes, currency: str) -> str:
    return _table(
        ("stage", "customers", "customer-months", "bought within six months", f"spent, {currency}"),
        (
            (
                name,
                f"{stage.customers:,}",
                f"{stage.customer_months:,}",
                _percent(stage.of["repurchase"]),
                _money(stage.of["amount"]),
            )
            for name, stage in of.stages.items()
        ),
    )


def _differences(of: Outcomes, currency: str) -> str:
    rows = [
        (
            f"{pair.better} − {pair.worse}, {_UNITS[measure]}",
            say(pair.pooled),
            verdict(pair.pooled),
            say(pair.at_same_month_end),
            verdict(pair.at_same_month_end),
        )
        for measure, say in (("repurchase", _points), ("amount", _money))
        for pair in of.differences[measure]
    ]
    header = f"difference (points, {currency})"
    return _table((header, "all month-ends together", "", "at the same month-ends", ""), rows)


def _rates(parts: Mapping[str, Outcomes]) -> str:
    return _table(
        ("", *STAGES, "not supported"),
        (
            (
                name,
                *(_rate(of, stage) for stage in STAGES),
                "; ".join(
                    f"{pair.better} − {pair.worse} {verdict(pair.at_same_month_end)}"
                    for pair in of.differences["repurchase"]
                    if verdict(pair.at_same_month_end) != "supported"
                ),
            )
            for name, of in parts.items()
        ),
    )


def _rate(of: Outcomes, stage: str) -> str:
    return _percent(of.stages[stage].of["repurchase"]) if stage in of.stages else "–"


def _truncated(of: Validity) -> list[str]:
    if set(of.truncated) == {False}:
        return ["Nobody is left-truncated."]
    names = {False: "first purchase seen", True: "left-truncated"}
    return [_rates({names[is_so]: part for is_so, part in of.truncated.items()})]


def _spend_falls(of: Mapping[int, tuple[SpendFalls, SpendFalls | None]], currency: str) -> str:
    if not of:
        return "Nobody was flagged at a month-end with a month after it: the history is too short."
    ((later, sides),) = of.items()
    names = ("others of the decile", "others who could have been flagged")
    rows = [
        (
            f"{_UNITS[measure]}, against {name}",
            say(found.flagged),
            say(found.others),
            step(found.difference),
        )
        for measure, say, step in (("repurchase", _percent, _points), ("amount", _money, _money))
        for name, side in zip(names, sides, strict=True)
        if side is not None and (found := side.of.get(measure))
    ]
    first = sides[0]
    longest = (
        "No month-end has both flagged customers and six months after it, so decline by spend "
        f"cannot be judged at six months. {later} months is the longest that can be: purchases and "
        "net amount in these."
    )
    return (
        f"{'' if later == 6 else longest + ' '}{first.customers:,} flagged customers at "
        f"{_count(first.month_ends, 'month-end')}, {first.customer_months:,} times.\n\n"
        + _table(
            (f"in the {later} months after (%, {currency})", "flagged", "others", "difference"),
            rows,
        )
    )


def _thresholds(of: Validity, currency: str) -> list[str]:
    return [
        "### Another rule for who is late",
        "Exploration less decline, repurchase in points at the same month-ends, by the overdue "
        "ratio from which on a customer is in decline. The first rule that supports the order is "
        "chosen on one part of the month-ends and judged on the other.",
        _table(
            ("month-ends", *map(str, RULES), "chosen", "on the others", ""),
            (
                (choice.on, *map(_points, choice.there.values()), *_choice(choice))
                for choice in of.choices
            ),
        ),
        *(
            f"All month-ends with the rule *{rule}*:\n\n{_differences(outcomes, currency)}"
            for rule, outcomes in of.restaged.items()
        ),
    ]


def _choice(choice: Choice) -> Sequence[str]:
    if choice.chosen is None:
        return "none", "", ""
    found = choice.elsewhere[choice.chosen]
    return str(choice.chosen), _points(found), verdict(found)


def _planted(of: Mapping[Rule, Planted]) -> list[str]:
    if not of:
        return []
    as_set = next(iter(of.values()))
    silent, bought, told = as_set.returns
    reasons = [*as_set.entries.index, "all"]
    return [
        "### What was planted",
        "Found is decline or ended at a month-end from the change on; of who comes back, before "
        "the return. Counted are those who were neither at the month-end before. Beside each share "
        "stand how many had so many months after the change, and how often those of the same "
        "behaviour in whom nothing was planted are told so in the same months. The delay is of "
        f"those who were found and had {max(WITHIN_MONTHS)} months.",
        _table(
            (
                "rule",
                "change",
                "customers",
                *(f"within {within} months" for within in WITHIN_MONTHS),
                "days until told, quartiles",
            ),
            (
                (str(rule), kind, *_found(found))
                for rule, planted in of.items()
                for kind, found in planted.kinds.items()
            ),
        ),
        f"{silent} of who comes back were silent in the pause and had half a year after it. "
        f"{bought} of them bought in it, and {told} of these were told as reactivated.",
        "Entries into decline under the rule of the settings, by what is true of the customer. "
        f"Right are {_names(RIGHT)}. Wrong are {_names(WRONG)} without a change, who buy on as "
        f"ever. Of {_names(UNKNOWN)} some have gone; who and when is not written, so they count "
        "as neither.",
        _entries(as_set),
        "The right ones' share by rule:",
        _table(
            ("rule", *reasons),
            (
                (str(rule), *(_percent(planted.precision.get(reason)) for reason in reasons))
                for rule, planted in of.items()
            ),
        ),
    ]


def _found(found: Found) -> Sequence[str]:
    shares = [
        f"{_percent(found.share[within])} of {found.followed[within]}; "
        f"unchanged {found.unchanged[within]:.0%}"
        if within in found.unchanged
        else "–"
        for within in WITHIN_MONTHS
    ]
    return f"{found.customers}", *shares, " / ".join(f"{day:.0f}" for day in found.days)


def _entries(of: Planted) -> str:
    truths = [*RIGHT, *WRONG, *UNKNOWN]
    counts = of.entries.reindex(columns=truths, fill_value=0)
    rows = [(name, *(f"{count:,}" for count in counts.loc[name])) for name in counts.index]
    return _table(("reason", *truths), [*rows, ("all", *(f"{count:,}" for count in counts.sum()))])


def _names(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _period(of: Outcomes) -> str:
    first, last = (of.month_ends[place] for place in (0, -1))
    return f"{first:%Y-%m} to {last:%Y-%m}"


def _percent(of: Estimate | None) -> str:
    return "–" if of is None else f"{of.value:.1%} ({of.low:.1%} to {of.high:.1%})"


def _points(of: Estimate | None) -> str:
    if of is None:
        return "–"
    return f"{of.value * 100:+.1f} ({of.low * 100:+.1f} to {of.high * 100:+.1f})"


def _money(of: Estimate | None) -> str:
    return "–" if of is None else f"{of.value:,.0f} ({of.low:,.0f} to {of.high:,.0f})"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
