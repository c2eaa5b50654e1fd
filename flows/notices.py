"""A Prefect automation that posts to a web hook when a scheduled run ends badly."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from prefect.automations import Automation
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.types import SecretDict

from flows.deploy import GATE, NAME

BLOCK = "headwater-notices"
TITLE = "headwater: a run failed or its gate closed"
_SUBJECT = "{{ flow_run.name }}: {{ flow_run.state.name }}"
_BODY = "{{ flow_run.state.message }}\n{{ flow_run|ui_url }}"


def establish(url: str) -> str:
    """Make the block that keeps the address, encrypted, and the automation; or bring both up to date. Its name."""
    block = CustomWebhookNotificationBlock(
        name="headwater",
        url="{{address}}",
        headers=None,
        cookies=None,
        # Slack, Mattermost, Teams, Rocket.Chat and most others take this form.
        json_data={"text": "{{subject}}\n{{body}}"},
        secrets=SecretDict({"address": url}),
    )
    kept = block.save(BLOCK, overwrite=True)
    assert isinstance(kept, UUID)  # a coroutine only where an event loop runs
    wanted = Automation(
        name=TITLE,
        description="Made by `headwater notify`",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{name}" for name in ("Failed", "Crashed", GATE)},
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification({"prefect.resource.role": "flow", "prefect.resource.name": NAME}),
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[SendNotification(block_document_id=kept, subject=_SUBJECT, body=_BODY)],
    )
    try:
        known = Automation.read(name=TITLE)
    except ValueError:
        wanted.create()
    else:
        assert isinstance(known, Automation)
        wanted.id = known.id
        wanted.update()
    return TITLE
