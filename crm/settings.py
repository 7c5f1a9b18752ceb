"""The one settings object, from `crm.toml` and `CRM_*` environment variables.

Everything that a deployment may set stands here with its default. What a *business* may set (bands,
windows, weights) is data under `seeds/`; what a *system* declares (zone, dialect, trust) stands in
its folder under `models/staging/`.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from crm.errors import CrmError

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class SettingsError(CrmError):
    """A key or value in `crm.toml` or the environment that cannot be used."""


class Settings(BaseSettings):
    """Frozen settings of a warehouse. Paths are absolute once loaded; durations say their unit."""

    model_config = SettingsConfigDict(env_prefix="CRM_", frozen=True, extra="forbid")

    home: Path = Field(default=Path("data"), description="Holds landing, raw, build and published.")
    systems: tuple[str, ...] | None = Field(
        default=None, description="Switched-on systems; none means every folder in models/staging."
    )
    reporting_currency: str = Field(
        default="GBP",
        pattern="^[A-Z]{3}$",
        description="Currency of every reporting amount, three capital letters (ISO 4217).",
    )
    settle_seconds: float = Field(
        default=2.0, ge=0, description="A landing file is taken once it has been still this long."
    )
    incomplete_after_minutes: float = Field(
        default=60.0, gt=0, description="A file still not whole after this long is refused."
    )
    max_file_gigabytes: float = Field(default=50.0, gt=0, description="A larger file is refused.")
    max_line_bytes: int = Field(
        default=2_000_000, gt=0, description="A longer line counts as unparseable."
    )
    keep_versions: int = Field(default=5, ge=1, description="Published versions kept for rollback.")
    lock_wait_seconds: float = Field(
        default=30.0, ge=0, description="How long a second build waits for the first."
    )
    threads: int = Field(
        default=2, ge=1, description="Threads of DuckDB, and models that dbt builds side by side."
    )
    memory_limit: str = Field(
        default="8GB",
        pattern=r"^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$",
        description="What DuckDB may use of the memory before it spills to disk.",
    )
    daily_at: str = Field(
        default="02:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description="Time of the daily build.",
    )
    time_zone: str = Field(default="UTC", description="The zone of `daily_at`.")
    stale_after_hours: float = Field(
        default=26.0, gt=0, description="No successful build for this long raises an alert."
    )
    alert_webhook: str | None = Field(default=None, description="URL that alerts are posted to.")
    alert_email_to: str | None = Field(
        default=None, description="Address that alerts are mailed to."
    )
    alert_email_from: str = Field(default="crm@localhost", description="Sender of the mails.")
    smtp_host: str = Field(default="localhost", description="Mail server.")
    smtp_port: int = Field(default=25, ge=1, le=65535, description="Its port.")

    @property
    def landing(self) -> Path:
        """Files as delivered: `landing/<system>/<feed>/*`."""
        return self.home / "landing"

    @property
    def raw(self) -> Path:
        """The immutable lake and its log of deliveries."""
        return self.home / "raw"

    @property
    def build(self) -> Path:
        """The builds' private, disposable databases and the run's state."""
        return self.home / "build"

    @property
    def published(self) -> Path:
        """What readers open."""
        return self.home / "published"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, the file over the defaults."""
        return (env_settings, init_settings)


def load_settings(config: Path | None = None, root: Path = PROJECT_ROOT) -> Settings:
    """Read `crm.toml` (or `config`, or `CRM_CONFIG`) and the environment.

    Relative paths are relative to `root`. Raises `SettingsError` for an unknown key or a value out
    of range, naming the nearest known key.
    """
    file = config or Path(os.environ.get("CRM_CONFIG", root / "crm.toml"))
    values: dict[str, Any] = {}
    if file.exists():
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(
                f"{file} is not valid TOML: {error}", fix="Mend the line it names."
            ) from error
    elif config or "CRM_CONFIG" in os.environ:
        raise SettingsError(f"No settings file at {file}.", fix="Create it or unset CRM_CONFIG.")
    known = set(Settings.model_fields)
    for key in values:
        if key not in known:
            raise _unknown(f"{file}: key '{key}'", key, known)
    for name in os.environ:
        key = name.removeprefix("CRM_").lower()
        if name.startswith("CRM_") and name != "CRM_CONFIG" and key not in known:
            raise _unknown(f"environment variable {name}", key, known, prefix="CRM_")
    try:
        settings = Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"Setting '{key}' has the value {first['input']!r}: {first['msg']}.",
            fix=f"Mend '{key}' in {file.name} or CRM_{key.upper()} in the environment.",
        ) from error
    home = root / settings.home.expanduser()  # an absolute one stays as it is
    return settings.model_copy(update={"home": home.resolve()})


def _unknown(where: str, key: str, known: set[str], prefix: str = "") -> SettingsError:
    near = difflib.get_close_matches(key, known, n=1)
    name = near[0].upper() if prefix and near else (near[0] if near else "")
    fix = f"Did you mean '{prefix}{name}'?" if near else f"Known keys: {', '.join(sorted(known))}."
    return SettingsError(f"Unknown {where}.", fix=fix)
