"""Automation documents of one's own: what Systems Manager takes as one, and keeps by name (SB-SSM-05 to -08).

Documents of other types are left to moto.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.ssm.models import ssm_backends

from sealift.sandbox.errors import ApiError
from sealift.sandbox.world import Call, World, iso

MOST = 64 * 1024
RESERVED = ("aws", "amazon", "amzn", "AWSEC2", "AWSConfigRemediation", "AWSSupport")
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "aws:sleep": (),
    "aws:branch": ("Choices",),
    "aws:executeAwsApi": ("Service", "Api"),
    "aws:waitForAwsResourceProperty": ("Service", "Api", "PropertySelector", "DesiredValues"),
}
"""The actions that the sandbox runs, with the inputs that each needs."""

COMPARES = ("StringEquals", "EqualsIgnoreCase", "StartsWith", "EndsWith", "Contains")
_STEP = re.compile(r"[a-zA-Z0-9_]{3,128}")
_SHOWN = ("Name", "CreatedDate", "DocumentVersion", "DocumentType", "SchemaVersion", "DocumentFormat", "Owner", "Tags")
_DESCRIBED = (*_SHOWN, "Hash", "HashType", "Status", "Parameters", "LatestVersion", "DefaultVersion")
Document = dict[str, Any]


def create(world: World, call: Call) -> dict[str, Any] | None:
    """CreateDocument: of type Automation; its steps are checked as far as the sandbox will run them."""
    params = call.params
    if params.get("DocumentType") != "Automation":
        return None
    name, text = str(params["Name"]), str(params["Content"])
    _check_name(name)
    if len(text.encode()) > MOST:
        raise ApiError("SB-SSM-05", "MaxDocumentSizeExceeded", f"The content of {name} is larger than 64 KB.")
    kept = world.documents(call, "ssm:documents")
    if name in kept:
        raise ApiError("SB-SSM-05", "DocumentAlreadyExists", f"Document with same name {name} already exists")
    content = _read(text, params.get("DocumentFormat", "JSON"))
    kept[name] = made = {
        "Name": name,
        "CreatedDate": iso(call.at),
        "DocumentVersion": "1",
        "LatestVersion": "1",
        "DefaultVersion": "1",
        "DocumentType": "Automation",
        "SchemaVersion": "0.3",
        "DocumentFormat": params.get("DocumentFormat", "JSON"),
        "Owner": call.account,
        "Tags": params.get("Tags", []),
        "Hash": hashlib.sha256(text.encode()).hexdigest(),
        "HashType": "Sha256",
        "Status": "Active",
        "Parameters": [
            {"Name": n, **{k.capitalize(): v for k, v in p.items() if k in ("type", "description")}}
            for n, p in content.get("parameters", {}).items()
        ],
        "content": content,
        "text": text,
    }
    call.resource = name
    return {"DocumentDescription": {**_part(made, _DESCRIBED), "Status": "Creating"}}


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-zA-Z0-9_\-.]{3,128}", name):
        message = f"Value '{name}' at 'name' failed to satisfy constraint: [a-zA-Z0-9_\\-.]{{3,128}}"
        raise ApiError("SB-SSM-05", "ValidationException", message)
    if name.lower().startswith(tuple(r.lower() for r in RESERVED)):
        raise ApiError("SB-SSM-05", "ValidationException", f"The prefix of {name} is reserved for AWS.")


def _wrong(message: str) -> ApiError:
    return ApiError("SB-SSM-06", "InvalidDocumentContent", message)


def _read(text: str, form: str) -> Document:
    """Read a document and check its steps."""
    if form != "JSON":
        raise _wrong(f"The sandbox reads no {form}.")
    try:
        content = json.loads(text)
    except ValueError as error:
        raise _wrong(f"The content is no JSON: {error}") from error
    if not isinstance(content, dict) or content.get("schemaVersion") != "0.3":
        raise ApiError("SB-SSM-06", "InvalidDocumentSchemaVersion", "Automation documents have schemaVersion 0.3.")
    steps = content.get("mainSteps")
    if not isinstance(steps, list) or not steps:
        raise _wrong("mainSteps is missing.")
    names = [str(s.get("name")) for s in steps]
    for name in names:
        if not _STEP.fullmatch(name) or names.count(name) > 1:
            raise _wrong(f"The step name {name} is malformed, or not unique.")
    for step in steps:
        _check_step(step, set(names))
    return content


def _check_step(step: Document, names: set[str]) -> None:
    action, inputs = str(step.get("action")), step.get("inputs", {})
    if action not in ACTIONS:
        raise _wrong(f"The sandbox does not run the action {action} of step {step['name']}.")
    if missing := [k for k in ACTIONS[action] if k not in inputs]:
        raise _wrong(f"The input {missing[0]} of step {step['name']} is missing.")
    if action == "aws:sleep" and len({"Duration", "Timestamp"} & inputs.keys()) != 1:
        raise _wrong(f"The step {step['name']} needs a Duration or a Timestamp.")
    if action == "aws:sleep" and "Duration" in inputs and seconds(inputs["Duration"]) > 604_799:
        raise ApiError("SB-SSM-07", "InvalidDocumentContent", f"The delay of {step['name']} is longer than 7 days.")
    for target in _targets(step):
        if target not in names:
            raise _wrong(f"The step {step['name']} goes on with {target}, which is not there.")
    for choice in inputs.get("Choices", []) if action == "aws:branch" else []:
        if "Variable" not in choice or not set(COMPARES) & choice.keys():
            raise _wrong(f"The sandbox does not know the comparison of step {step['name']}.")


def _targets(step: Document) -> Iterator[str]:
    """Yield the steps that a step may go on with by name."""
    if "nextStep" in step:
        yield step["nextStep"]
    failure = str(step.get("onFailure", "Abort"))
    if failure.startswith("step:"):
        yield failure.removeprefix("step:").strip()
    elif failure not in ("Abort", "Continue"):
        raise _wrong(f"onFailure of step {step['name']} is Abort, Continue or step:NAME.")
    inputs = step.get("inputs", {})
    if step["action"] == "aws:branch":
        yield from (str(c.get("NextStep")) for c in inputs["Choices"])
        if "Default" in inputs:
            yield inputs["Default"]


_SPAN = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def seconds(duration: str) -> float:
    """Return the seconds of an ISO 8601 duration of days, hours, minutes and seconds."""
    found = _SPAN.fullmatch(duration)
    if found is None or not any(found.groups()):
        raise ApiError("SB-SSM-07", "InvalidDocumentContent", f"{duration} is no ISO 8601 duration.")
    days, hours, minutes, rest = (int(g or 0) for g in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + rest)


def known(world: World, call: Call, name: str) -> Document | None:
    """Return a document of the account by name, None where there is none."""
    return world.documents(call, "ssm:documents").get(name)


def _part(document: Document, members: tuple[str, ...]) -> Document:
    return {k: v for k, v in document.items() if k in members and v not in (None, [])}


def describe(world: World, call: Call) -> dict[str, Any] | None:
    """DescribeDocument."""
    found = known(world, call, str(call.params["Name"]))
    return None if found is None else {"Document": _part(found, _DESCRIBED)}


def get(world: World, call: Call) -> dict[str, Any] | None:
    """GetDocument: with its content."""
    found = known(world, call, str(call.params["Name"]))
    return None if found is None else {**_part(found, (*_SHOWN, "Status")), "Content": found["text"]}


def delete(world: World, call: Call) -> dict[str, Any] | None:
    """DeleteDocument: what runs by it runs on."""
    kept, name = world.documents(call, "ssm:documents"), str(call.params["Name"])
    if name in kept:
        del kept[name]
        return {}
    if name in ssm_backends[call.account][call.region]._documents:
        return None
    raise ApiError("SB-SSM-05", "InvalidDocument", f"Document with name {name} does not exist.")


def listed(world: World, call: Call) -> dict[str, Any] | None:
    """ListDocuments: those of one's own by the beginning of their names, type and owner, then moto's."""
    params = call.params
    kept = list(world.documents(call, "ssm:documents").values())
    if not kept or params.get("NextToken"):
        return None
    filters = {f["Key"]: f["Values"] for f in params.get("Filters", [])}
    if unknown := filters.keys() - {"Name", "DocumentType", "Owner"}:
        raise ApiError("SB-SSM-05", "InvalidFilterKey", f"The sandbox does not know the filter {min(unknown)}.")
    shown = [
        _part(d, _SHOWN)
        for d in kept
        if d["Name"].startswith(tuple(filters.get("Name", [""])))
        and d["DocumentType"] in filters.get("DocumentType", [d["DocumentType"]])
        and not {"Amazon", "Public", "ThirdParty"} & set(filters.get("Owner", []))
    ]
    backend = ssm_backends[call.account][call.region]
    others, token = backend.list_documents(None, params.get("Filters", []), params.get("MaxResults", 50), "0")
    return {"DocumentIdentifiers": [*shown, *others], "NextToken": token}


OPERATIONS = {
    "ssm:CreateDocument": create,
    "ssm:DescribeDocument": describe,
    "ssm:GetDocument": get,
    "ssm:DeleteDocument": delete,
    "ssm:ListDocuments": listed,
}
