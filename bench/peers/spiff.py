"""The flow of a case in SpiffWorkflow, its state kept in PostgreSQL at each human step.

The diagram is the platform's own lifecycle: completeness and correction, review, decision, suspension of either, withdrawal until
the decision, and a clock on every stage. At each step the row is locked, the workflow restored, the human task completed, the
workflow run on to the next, and the state saved by the library's own serializer: one transaction. ``spiff.py CONNINFO COUNT
[bare]`` prints how many lifecycles a second; ``bare`` takes a straight line of the same human steps, without any branch.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from io import BytesIO
from itertools import pairwise
from uuid import uuid4

import psycopg
from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

STEPS = ("accept", "review", "decide", "prepare", "issue", "deliver", "close")
WITHDRAWABLE = ("accept", "correct", "review", "decide")
_BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


class _Diagram:
    """Writes BPMN."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.signals: set[str] = set()
        self.flows = 0

    def manual(self, *names: str) -> None:
        self.parts += [f'<bpmn:manualTask id="{n}" name="{n}"/>' for n in names]

    def flow(self, source: str, target: str, condition: str = "", key: str = "") -> None:
        self.flows += 1
        inner = (
            f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'
            if condition
            else ""
        )
        self.parts.append(
            f'<bpmn:sequenceFlow id="{key or f"f{self.flows}"}" sourceRef="{source}" targetRef="{target}">{inner}</bpmn:sequenceFlow>'
        )

    def choice(self, name: str, default: str) -> None:
        self.parts.append(f'<bpmn:exclusiveGateway id="{name}" default="{default}"/>')

    def on_signal(self, task: str, signal: str, target: str) -> None:
        self.signals.add(signal)
        name = f"{signal}_{task}"
        self.parts.append(
            f'<bpmn:boundaryEvent id="{name}" attachedToRef="{task}"><bpmn:signalEventDefinition signalRef="{signal}"/></bpmn:boundaryEvent>'
        )
        self.flow(name, target)

    def clock(self, task: str, lasts: timedelta) -> None:
        self.parts.append(
            f'<bpmn:boundaryEvent id="late_{task}" cancelActivity="false" attachedToRef="{task}"><bpmn:timerEventDefinition>'
            f'<bpmn:timeDuration xsi:type="bpmn:tFormalExpression">"P{lasts.days}D"</bpmn:timeDuration>'
            f'</bpmn:timerEventDefinition></bpmn:boundaryEvent><bpmn:endEvent id="noted_{task}"/>'
        )
        self.flow(f"late_{task}", f"noted_{task}")

    def __bytes__(self) -> bytes:
        signals = "".join(f'<bpmn:signal id="{s}" name="{s}"/>' for s in sorted(self.signals))
        return (
            f'<bpmn:definitions xmlns:bpmn="{_BPMN}" xmlns:xsi="{_XSI}" id="d" targetNamespace="urn:lifecycle">'
            f'<bpmn:process id="case" isExecutable="true">{"".join(self.parts)}</bpmn:process>{signals}</bpmn:definitions>'
        ).encode()


def bare() -> bytes:
    """One human task after another."""
    d = _Diagram()
    d.parts += ['<bpmn:startEvent id="start"/>', '<bpmn:endEvent id="end"/>']
    d.manual(*STEPS)
    nodes = ["start", *STEPS, "end"]
    for source, target in pairwise(nodes):
        d.flow(source, target)
    return bytes(d)


def whole() -> bytes:
    """The lifecycle with its branches."""
    d = _Diagram()
    d.parts += [
        f'<bpmn:{kind}Event id="{name}"/>'
        for kind, name in (("start", "start"), ("end", "end"), ("end", "withdrawn"), ("end", "lapsed"))
    ]
    d.manual(*STEPS, "correct", "resume_review", "resume_decide", "prepare_refusal")
    d.choice("complete", "yes")
    d.flow("start", "complete")
    d.flow("complete", "accept", key="yes")
    d.flow("complete", "correct", "missing")
    d.flow("correct", "complete")
    d.choice("accepted", "taken")
    d.flow("accept", "accepted")
    d.flow("accepted", "review", key="taken")
    d.flow("accepted", "lapsed", "refused")
    d.flow("review", "decide")
    d.choice("approved", "granted")
    d.flow("decide", "approved")
    d.flow("approved", "prepare", key="granted")
    d.flow("approved", "prepare_refusal", "rejected")
    d.flow("prepare_refusal", "issue")
    for source, target in (("prepare", "issue"), ("issue", "deliver"), ("deliver", "close"), ("close", "end")):
        d.flow(source, target)
    for task in WITHDRAWABLE:
        d.on_signal(task, "withdraw", "withdrawn")
    for task in ("review", "decide"):
        d.on_signal(task, "suspend", f"resume_{task}")
        d.flow(f"resume_{task}", task)
    for task in ("accept", "correct", "review", "decide", "issue", "deliver"):
        d.clock(task, timedelta(days=5))
    return bytes(d)


class Flow:
    def __init__(self, conninfo: str, diagram: bytes) -> None:
        parser = BpmnParser()
        parser.add_bpmn_xml(etree.parse(BytesIO(diagram)))
        self.spec = parser.get_spec("case")
        self.serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure())
        self.db = psycopg.connect(conninfo)
        self.db.execute("CREATE SCHEMA IF NOT EXISTS peer_spiff")
        self.db.execute("CREATE TABLE IF NOT EXISTS peer_spiff.workflow (id uuid PRIMARY KEY, state json NOT NULL)")
        self.db.commit()

    def run(self) -> None:
        key = uuid4()
        workflow = BpmnWorkflow(self.spec)
        workflow.task_tree.data.update(missing=False, refused=False, rejected=False)
        workflow.do_engine_steps()
        with self.db.transaction():
            self.db.execute("INSERT INTO peer_spiff.workflow VALUES (%s, %s)", [key, self.serializer.serialize_json(workflow)])
        for step in STEPS:
            with self.db.transaction():
                row = self.db.execute("SELECT state::text FROM peer_spiff.workflow WHERE id = %s FOR UPDATE", [key]).fetchone()
                assert row
                workflow = self.serializer.deserialize_json(row[0])
                workflow.refresh_waiting_tasks()
                (task,) = workflow.get_tasks(state=TaskState.READY, manual=True)
                assert task.task_spec.name == step
                task.data |= {"by": "somebody", "missing": False, "refused": False, "rejected": False}
                task.run()
                workflow.do_engine_steps()
                state = self.serializer.serialize_json(workflow)
                self.db.execute("UPDATE peer_spiff.workflow SET state = %s WHERE id = %s", [state, key])
        assert workflow.is_completed()


def main() -> None:
    flow, count = Flow(sys.argv[1], bare() if "bare" in sys.argv else whole()), int(sys.argv[2])
    for _ in range(5):
        flow.run()
    began = time.perf_counter()
    for _ in range(count):
        flow.run()
    print(count / (time.perf_counter() - began))


if __name__ == "__main__":
    main()
