"""What each `headwater` command does, from the project's files to an exit code."""

from flows.commands.asking import plan, status, why
from flows.commands.choice import Choice
from flows.commands.running import run
from flows.commands.upkeep import check, doctor, init, project_check, ui

__all__ = ["Choice", "check", "doctor", "init", "plan", "project_check", "run", "status", "ui", "why"]
