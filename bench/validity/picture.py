"""The repurchase rates by stage as one picture, in SVG by hand: a panel per data set."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from bench.validity.stages import STAGES, Outcomes

_LEFT, _TOP, _PANEL, _ROW, _SCALE = 130, 84, 350, 36, 280
_STYLE = """
    svg { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
    .page { fill: #ffffff; stroke: #d8dee6; }
    .name { font-size: 15px; font-weight: 600; fill: #17202b; }
    .text { font-size: 13px; fill: #445162; }
    .rule { stroke: #d8dee6; }
    .range { fill: #a9c8ef; }
    .rate { stroke: #1f5fb4; stroke-width: 2.5; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #11161d; stroke: #2c3644; }
      .name { fill: #e9eef5; }
      .text { fill: #aab6c5; }
      .rule { stroke: #2c3644; }
      .range { fill: #2d578f; }
      .rate { stroke: #8fbcf5; }
    }
"""  # noqa: E501  a line of CSS


def picture(panels: Mapping[str, Outcomes]) -> str:
    """The whole file; `panels` are by the name of the data set."""
    width = _LEFT + _PANEL * len(panels)
    bottom = _TOP + _ROW * len(STAGES)
    parts = [
        f'<rect class="page" x="0.5" y="0.5" width="{width - 1}" height="{bottom + 49}" rx="12"/>',
        _text(24, 32, "name", "Share that bought again within six months, and its 95 % interval"),
    ]
    for place, stage in enumerate(STAGES):
        parts.append(_text(24, _middle(place) + 4, "text", stage))
    for number, (name, outcomes) in enumerate(panels.items()):
        parts += _panel(_LEFT + _PANEL * number, bottom, name, outcomes)
    said = "; ".join(f"{name}: {_said(outcomes)}" for name, outcomes in panels.items())
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 50}" '
        f'width="{width}" height="{bottom + 50}" role="img" aria-labelledby="title description">'
    )
    title = '<title id="title">Repurchase within six months by lifecycle stage</title>'
    description = f'<desc id="description">{escape(said)}.</desc>'
    body = "\n  ".join([title, description, f"<style>{_STYLE}  </style>", *parts])
    return f"{head}\n  {body}\n</svg>\n"


def _panel(left: int, bottom: int, name: str, outcomes: Outcomes) -> list[str]:
    def across(share: float) -> str:
        return f"{left + share * _SCALE:.1f}"

    parts = [_text(left, 66, "name", name)]
    for percent in (0, 25, 50, 75, 100):
        x = across(percent / 100)
        parts.append(f'<line class="rule" x1="{x}" y1="{_TOP}" x2="{x}" y2="{bottom}"/>')
        parts.append(_text(x, bottom + 20, "text", f"{percent} %", 'text-anchor="middle"'))
    for place, stage in enumerate(STAGES):
        found = outcomes.stages[stage].of["repurchase"] if stage in outcomes.stages else None
        y = _middle(place)
        if found is None:
            parts.append(_text(left + 8, y + 4, "text", "no customers"))
            continue
        top, wide = y - 9, (found.high - found.low) * _SCALE
        size = f'width="{wide:.1f}" height="18"'
        parts.append(f'<rect class="range" x="{across(found.low)}" y="{top}" {size}/>')
        x = across(found.value)
        parts.append(f'<line class="rate" x1="{x}" y1="{top}" x2="{x}" y2="{y + 9}"/>')
    return parts


def _middle(place: int) -> int:
    return _TOP + _ROW * place + _ROW // 2


def _text(x: int | str, y: int, style: str, text: str, more: str = "") -> str:
    return f'<text class="{style}" x="{x}" y="{y}" {more}>{escape(text)}</text>'.replace(" >", ">")


def _said(outcomes: Outcomes) -> str:
    return ", ".join(
        f"{name} {found.value:.0%}"
        for name, stage in outcomes.stages.items()
        if (found := stage.of["repurchase"])
    )
