"""What each `headwater` command does, from the project's files to an exit code."""

from flows.commands.asking import environment, plan, status, why
from flows.commands.choice import Choice
from flows.commands.deploying import agent, notify, serve
from flows.commands.running import run
from flows.commands.upkeep import backbones, check, doctor, init, predict, project_check, ui

__all__ = [
    "Choice",
    "agent",
    "backbones",
    "check",
    "doctor",
    "environment",
    "init",
    "notify",
    "plan",
    "predict",
    "project_check",
    "run",
    "serve",
    "status",
    "ui",
    "why",
]
