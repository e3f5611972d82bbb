"""Notifications in the shapes of the API; no decision, and nothing of the web framework."""

from engine.model.notice import Delivery, DeliveryState, Tried
from engine.model.target import shown
from schemas import api_notifications as api


def notification_shape(delivery: Delivery) -> api.Notification:
    notice = delivery.notice
    done = delivery.state is DeliveryState.DELIVERED
    return api.Notification(
        id=delivery.id,
        event=notice.kind,
        script=notice.script,
        run_id=notice.run,
        subject=notice.subject,
        target=shown(delivery.target),
        state=delivery.state.value,
        attempts=delivery.attempts,
        error=delivery.error or None,
        created_at=notice.at,
        next_attempt_at=delivery.next_at,
        delivered_at=delivery.done_at if done else None,
    )


def tested_shape(tried: Tried) -> api.TestedTarget:
    return api.TestedTarget(
        target=tried.target, delivered=tried.delivered, detail=tried.detail or None
    )
