"""TEMPORARY of the lead."""

from datetime import datetime
from typing import Any

from sealift.errors import SealiftError
from sealift.keys import key_facts
from sealift.kind import Read
from sealift.kinds.databases.facts import GroupFacts, ProxyFacts
from sealift.kinds.rds.facts import InstanceFacts, ReplicaFacts
from sealift.options import Options
from sealift.step import Call


def plain(x: Any) -> Any:
    if isinstance(x, datetime):
        return x.isoformat()
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, list):
        return [plain(v) for v in x]
    return x


async def _one(read: Read, name: str) -> dict[str, Any]:
    found = (await read(Call("rds:DescribeDBInstances", {"Filters": [{"Name": "db-instance-id", "Values": [name]}]})))[
        "DBInstances"
    ]
    if not found:
        raise SealiftError(f"{name} is not there", resource=name)
    return dict(plain(found[0]))


async def _group(read: Read, d: dict[str, Any]) -> GroupFacts:
    g = d["DBParameterGroups"][0]
    name = g["DBParameterGroupName"]
    fam = (await read(Call("rds:DescribeDBParameterGroups", {"DBParameterGroupName": name})))["DBParameterGroups"][0][
        "DBParameterGroupFamily"
    ]
    vals = (await read(Call("rds:DescribeDBParameters", {"DBParameterGroupName": name, "Source": "user"})))[
        "Parameters"
    ]
    return GroupFacts(
        name, fam, g["ParameterApplyStatus"], tuple((p["ParameterName"], p.get("ParameterValue", "")) for p in vals)
    )


async def observe_instance(
    read: Read, account: str, region: str, target: str, options: Options, *, probe: Any = None
) -> InstanceFacts:
    d = await _one(read, target)
    reps = []
    for r in d.get("ReadReplicaDBInstanceIdentifiers", ()):
        x = await _one(read, r)
        reps.append(
            ReplicaFacts(
                r, x["DbiResourceId"], x["DBInstanceArn"], region, x["DBInstanceStatus"], x, await _group(read, x)
            )
        )
    proxies = []
    for p in (await read(Call("rds:DescribeDBProxies", {})))["DBProxies"]:
        for t in (await read(Call("rds:DescribeDBProxyTargets", {"DBProxyName": p["DBProxyName"]})))["Targets"]:
            if t.get("RdsResourceId") == target:
                proxies.append(ProxyFacts(p["DBProxyName"], "default"))
    return InstanceFacts(
        target,
        d["DbiResourceId"],
        d["DBInstanceArn"],
        account,
        region,
        d["DBInstanceStatus"],
        d["Engine"],
        d["EngineVersion"],
        await key_facts(read, options.key),
        d,
        d["DBSubnetGroup"]["VpcId"],
        await _group(read, d),
        tuple(reps),
        proxies=tuple(proxies),
    )
