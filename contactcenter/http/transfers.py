"""`/api/calls/{id}/transfer` and `/consult`: sending a caller on, and asking somebody beside the call."""

from functools import partial
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contactcenter.events import ConsultAsked, ConsultStep, ConsultStepAsked, TransferAsked
from contactcenter.http import scope
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.values import Target, TargetKind

routes = Routes("calls")


class Colleague(BaseModel):
    """Somebody whom an agent may ask or transfer to."""

    login: str
    name: str
    available: Annotated[
        bool, Field(description="Whether he could take a call now, as far as his state tells.")
    ]
    queues: list[str]


class Colleagues(BaseModel):
    """Everybody who is signed in but oneself, those who are available first."""

    items: list[Colleague]


Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Aim(BaseModel):
    """Exactly one of them."""

    model_config = ConfigDict(extra="forbid")

    agent: Annotated[Word | None, Field(description="A colleague's login.")] = None
    queue: Annotated[Word | None, Field(description="A queue's name.")] = None
    number: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}$")] | None,
        Field(description="Digits only; what may be called is configured (`transfers.prefixes`)."),
    ] = None
    ivr: Annotated[Word | None, Field(description="A number of ours, whose script takes the caller.")] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in self.model_dump().values()) != 1:
            raise ValueError("give exactly one of agent, queue, number and ivr")
        return self

    @property
    def target(self) -> Target:
        """The one that is given."""
        [(kind, name)] = self.model_dump(exclude_none=True).items()
        return Target(kind=TargetKind(kind), name=name)


class Wish(BaseModel):
    """To whom, and what the next one should know."""

    model_config = ConfigDict(extra="forbid")

    to: Aim
    note: Annotated[str, StringConstraints(max_length=1000)] = ""


@routes.get("/api/colleagues", right=Right.SIGNED_IN)
async def list_colleagues(visit: Visit) -> Colleagues:
    """Whom one can ask or transfer to now."""
    items = [
        Colleague(
            login=each.login, name=each.name, available=each.state == "available", queues=list(each.queues)
        )
        for each in visit.edge.live.agents.values()
        if each.login != visit.visitor.login
    ]
    return Colleagues(items=sorted(items, key=lambda each: (not each.available, each.name)))


@routes.post("/api/calls/{id}/transfer", right=Right.SIGNED_IN, of=Kind.CALL, refusals=(409,))
async def transfer(visit: Visit, id: str, body: Wish) -> None:
    """Send the caller on. One who can't be taken there is back with the agent."""
    scope.check_own_call(visit, id)
    await visit.ask(partial(TransferAsked, call=id, to=body.to.target, note=body.note))


@routes.post("/api/calls/{id}/consult", right=Right.SIGNED_IN, of=Kind.CALL, refusals=(409,))
async def consult(visit: Visit, id: str, body: Wish) -> None:
    """Put the caller on hold and ring somebody: a colleague, a free agent of a queue, a number."""
    scope.check_own_call(visit, id)
    await visit.ask(partial(ConsultAsked, call=id, to=body.to.target, note=body.note))


@routes.post("/api/calls/{id}/consult/toggle", right=Right.SIGNED_IN, of=Kind.CALL, refusals=(409,))
async def toggle(visit: Visit, id: str) -> None:
    """From the caller to whom one consults, and back."""
    await _step(visit, id, ConsultStep.TOGGLE)


@routes.post("/api/calls/{id}/consult/complete", right=Right.SIGNED_IN, of=Kind.CALL, refusals=(409,))
async def complete(visit: Visit, id: str) -> None:
    """Give him the caller; who still rings gets the caller when he answers."""
    await _step(visit, id, ConsultStep.COMPLETE)


@routes.post("/api/calls/{id}/consult/conference", right=Right.SIGNED_IN, of=Kind.CALL, refusals=(409,))
async def conference(visit: Visit, id: str) -> None:
    """All three hear each other."""
    await _step(visit, id, ConsultStep.CONFERENCE)


@routes.post("/api/calls/{id}/consult/drop", right=Right.SIGNED_IN, of=Kind.CALL, refusals=(409,))
async def drop(visit: Visit, id: str) -> None:
    """Away with him, and back to the caller. Ends a transfer that nobody has answered yet, too."""
    await _step(visit, id, ConsultStep.DROP)


async def _step(visit: Visit, call: str, step: ConsultStep) -> None:
    scope.check_own_call(visit, call)
    await visit.ask(partial(ConsultStepAsked, call=call, step=step))
