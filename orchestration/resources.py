"""What a run holds while it runs: the settings, the writer's lock, dbt.

The lock is taken by the first step and let go when the run ends, so that no other build comes
between two steps of this one. How the lock works is `crm/operation/locking.py`.
"""

from __future__ import annotations

import datetime as dt
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource
from pydantic import PrivateAttr

from crm.contracts import SourceTable, load_tables
from crm.operation import build_files
from crm.operation.locking import writer_lock
from crm.operation.model_state import Change
from crm.settings import Settings, load_settings
from orchestration import dbt, inputs, runs


class Warehouse(dg.ConfigurableResource[Any]):
    """One warehouse for the length of one run."""

    _settings: Settings = PrivateAttr()
    _held: ExitStack = PrivateAttr(default_factory=ExitStack)
    _is_locked: bool = PrivateAttr(default=False)
    _inputs: str | None = PrivateAttr(default=None)
    _is_unchanged: bool = PrivateAttr(default=False)
    _change: Change | None = PrivateAttr(default=None)
    _has_begun: bool = PrivateAttr(default=False)
    _goes_on: bool = PrivateAttr(default=False)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Note who does this run's work, read its settings, pass them to the dbt it will start."""
        if context.instance is not None and context.run_id is not None:
            context.instance.add_run_tags(context.run_id, runs.process_tag())
        self._settings = load_settings()
        dbt.use_environment(self._settings)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Let the lock go."""
        self._held.close()

    @property
    def settings(self) -> Settings:
        """The settings, read once at the run's start."""
        return self._settings

    @property
    def tables(self) -> dict[tuple[str, str], SourceTable]:
        """The tables of the switched-on systems."""
        return load_tables(self._settings)

    @property
    def dbt(self) -> DbtCliResource:
        """dbt, bound to this warehouse."""
        return dbt.resource(self._settings)

    @property
    def dbt_target(self) -> Path:
        """Where dbt writes its artefacts."""
        return dbt.target_path(self._settings)

    def be_the_writer(self, context: dg.OpExecutionContext | dg.AssetExecutionContext) -> None:
        """Take the writer's lock for the rest of the run, and end the records of runs that died.

        Raises `LockHeldError` when another build still runs after the settings' wait.
        """
        if self._is_locked:
            return
        self._held.enter_context(
            writer_lock(self._settings, f"run {context.run_id[:8]}, process {os.getpid()}")
        )
        self._is_locked = True
        runs.end_dead_runs(context.instance, self._settings, dt.datetime.now(dt.UTC))

    @property
    def is_unchanged(self) -> bool:
        """Whether this run rests on the same as the last that ended well."""
        return self._is_unchanged

    def rest_on(self, fingerprint: str, *, is_wanted: bool) -> None:
        """Say what this run rests on; `is_wanted`: it is built even where nothing changed."""
        self._inputs = fingerprint
        self._is_unchanged = not is_wanted and inputs.are_unchanged(self._settings, fingerprint)

    def begin(self, *, is_anew: bool, goes_on: bool) -> None:
        """Before the build databases are touched; once a run. See `build_files.begin` and `end`."""
        if not self._has_begun:
            inputs.forget(self._settings)
            build_files.begin(self._settings, is_anew=is_anew)
            self._has_begun, self._goes_on = True, goes_on

    @property
    def change(self) -> Change | None:
        """What this run must build; none while nothing is known, then all of it."""
        return self._change

    def must_build(self, change: Change) -> None:
        """Say what there is to build."""
        self._change = change

    def ended_well(self, context: dg.AssetExecutionContext) -> None:
        """Remember what a whole run rested on. A run of some of the assets proves nothing."""
        if self._inputs is not None and not context.run.asset_selection:
            build_files.end(self._settings, goes_on=self._goes_on)
            inputs.remember(self._settings, self._inputs)
