"""Status pages of others on 127.0.0.1, in the formats of their documentation."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.engine.sites import Visit, answer

Json = dict[str, Any]


def incident(number: str = "inc1", name: str = "Login is slow", **more: Any) -> Json:
    """As Statuspage and incident.io write one."""
    return {
        "id": number,
        "name": name,
        "status": "investigating",
        "impact": "minor",
        "created_at": "2026-11-18T11:48:00.000Z",
        "started_at": "2026-11-18T11:48:00.000Z",
        "shortlink": "https://stspg.io/x",
        "incident_updates": [{"body": "We are looking into it.", "status": "investigating"}],
        "components": [{"id": "web", "name": "Web"}],
        **more,
    }


def summary(*incidents: Json, name: str = "Example Cloud") -> Json:
    components = [
        {"id": one, "name": one.title(), "status": "operational"} for one in ("web", "api")
    ]
    return {
        "page": {"id": "p1", "name": name, "url": "https://status.example.com"},
        "components": components,
        "incidents": list(incidents),
        "scheduled_maintenances": [incident("m1", "Planned work", status="scheduled")],
        "status": {"indicator": "none", "description": "All Systems Operational"},
    }


def instatus(*incidents: Json) -> Json:
    page = {"name": "Example App", "url": "https://status.example.com", "status": "HASISSUES"}
    return {"page": page, "activeIncidents": list(incidents)} if incidents else {"page": page}


def better_stack(*reports: Json, updates: tuple[Json, ...] = ()) -> Json:
    return {
        "data": {
            "id": "165",
            "type": "status_page",
            "attributes": {"company_name": "Example Inc", "aggregate_state": "degraded"},
        },
        "included": [
            {
                "id": "61",
                "type": "status_page_resource",
                "attributes": {"public_name": "Api", "status": "degraded"},
            },
            *reports,
            *updates,
        ],
    }


@dataclass
class StatusPageServer:
    """A page that can change; ``asked`` are the paths that were asked for."""

    path: str = "/api/v2/summary.json"
    body: Any = field(default_factory=summary)
    tag: str | None = None
    asked: list[str] = field(default_factory=list)
    unchanged: int = 0  # how often it said so
    status: str = "200 OK"

    async def __call__(self, visit: Visit) -> None:
        self.asked.append(visit.path)
        if visit.path != self.path:
            await visit.send(answer(b"{}", status="404 Not Found"))
        elif self.tag is not None and visit.headers.get("if-none-match") == self.tag:
            self.unchanged += 1
            await visit.send(answer(b"", status="304 Not Modified"))
        else:
            data = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
            tags = [f"ETag: {self.tag}"] if self.tag is not None else []
            await visit.send(answer(data, *tags, status=self.status))
