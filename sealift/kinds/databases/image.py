"""The before-image of a database: the former values that the way back needs, as words packed into its tags.

A tag of RDS has at most 256 characters of letters, digits, spaces and `_.:/=+-@` (RDS user guide, "Tagging Amazon RDS
resources"): what else a value holds is written `@xx`, and words that do not fit into one tag go on in the next.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from sealift.steps.db_looks import groups_of, id_of, name_of
from sealift.steps.db_tags import INSIDE

Described = Mapping[str, Any]

FIRST, LONGEST = "sealift:was", 256


def escape(text: str) -> str:
    """Write a value with characters that every tag takes; `/` is left for lists."""
    return re.sub(r"[^A-Za-z0-9_.:+-]", lambda m: "".join(f"@{b:02x}" for b in m[0].encode()), text)


def unescape(text: str) -> str:
    """Read it back."""
    return re.sub(r"(?:@[0-9a-f]{2})+", lambda m: bytes.fromhex(m[0].replace("@", "")).decode(errors="replace"), text)


def chunks(text: str) -> list[str]:
    """Cut a text into values of tags: none begins or ends with a space, which AWS would take away."""
    cut: list[str] = []
    while len(text) > LONGEST:
        at = LONGEST
        while " " in text[at - 1 : at + 1]:
            at -= 1
        cut.append(text[:at])
        text = text[at:]
    return [*cut, text]


def pack(words: Mapping[str, str], first: str = FIRST) -> dict[str, str]:
    """Return the tags that hold some words: `sealift:was`, and where that is full `sealift:was-2` and so on."""
    cut = chunks(" ".join(f"{k}={v}" for k, v in words.items()))
    return {first if n == 1 else f"{first}-{n}": value for n, value in enumerate(cut, 1)}


def unpack(tags: Mapping[str, str], first: str = FIRST) -> dict[str, str]:
    """Read the words of a database's tags back; empty where it has none."""
    text, n = tags.get(first, ""), 2
    while (more := tags.get(f"{first}-{n}")) is not None:
        text, n = text + more, n + 1
    return dict(word.split("=", 1) for word in text.split(" ") if "=" in word)


def words_of(described: Described) -> dict[str, str]:
    """Return what a migration changes on an instance, a replica, a member or a cluster: name, groups, parameters, protection."""
    parameters = next((g["DBParameterGroupName"] for g in described.get("DBParameterGroups", ())), "")
    groups = [g["VpcSecurityGroupId"] for g in described.get("VpcSecurityGroups", ())]
    return {
        "n": name_of(described),
        "r": id_of(described),
        "g": "/".join(groups),
        "p": escape(described.get("DBClusterParameterGroup", parameters)),
        "d": str(int(bool(described.get("DeletionProtection")))),
    }


def listed(value: Any) -> str:
    """Write a structure as a word."""
    return escape(json.dumps(value, separators=(",", ":")))


def read_listed(word: str) -> Any:
    """Read it back."""
    return json.loads(unescape(word))


def as_it_was(described: Described, words: Mapping[str, str]) -> dict[str, Any]:
    """Return a described database overlaid with its before-image, without our tags and with those that were set aside."""
    now = dict(described)
    named = "DBClusterIdentifier" if "DbClusterResourceId" in now else "DBInstanceIdentifier"
    arn = named.replace("Identifier", "Arn")
    now[named] = words["n"]
    now[arn] = f"{now[arn].rsplit(':', 1)[0]}:{words['n']}"
    if groups_of(now) != set(words["g"].split("/")):
        groups = [g for g in words["g"].split("/") if g]
        now["VpcSecurityGroups"] = [{"VpcSecurityGroupId": g, "Status": "active"} for g in groups]
    if "DBClusterParameterGroup" in now:
        now["DBClusterParameterGroup"] = unescape(words["p"])
    elif "DBParameterGroups" in now:
        applied = {"DBParameterGroupName": unescape(words["p"]), "ParameterApplyStatus": "in-sync"}
        now["DBParameterGroups"] = [applied]
    now["DeletionProtection"] = words["d"] == "1"
    if "a" in words:
        now["HttpEndpointEnabled"] = words["a"] == "1"
    aside = "sealift:was-tag:"
    tags = [t for t in now.get("TagList") or () if not t["Key"].startswith("sealift:")]
    has = {t["Key"] for t in tags}
    put_aside = [t for t in now.get("TagList") or () if t["Key"].startswith(aside)]
    tags += [{**t, "Key": t["Key"].removeprefix(aside)} for t in put_aside if t["Key"].removeprefix(aside) not in has]
    now["TagList"] = sorted(tags, key=lambda t: str(t["Key"]))
    return now


def is_as_it_was(described: Described, words: Mapping[str, str]) -> bool:
    """Tell whether a described database has its own name, groups and parameters, and nothing was closed inside it."""
    has = words_of(described)
    tags = {t["Key"] for t in described.get("TagList") or ()}
    same = has["n"] == words["n"] and sorted(has["g"].split("/")) == sorted(words["g"].split("/"))
    closed = bool(tags & set(INSIDE)) or (
        "a" in words and bool(described.get("HttpEndpointEnabled")) != (words["a"] == "1")
    )
    return same and has["p"] == words["p"] and not closed
