"""The quarantine: a security group of this migration alone, which lets nothing in and nothing out (ADR 8).

Only what this migration fences is in it, so that the network interfaces that carry it can be counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift.estimate import SMALL_CALL
from sealift.step import (
    Call,
    Context,
    Found,
    Id,
    Irreversible,
    Output,
    Phase,
    Query,
    Ref,
    Seconds,
    Step,
    Tags,
    is_ours,
    made_by,
    name_made,
    specification,
    tags_of,
)

EVERYWHERE = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
EVERYWHERE_V6 = [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]


def read_group(group: Any) -> Call:
    """Return the read of a security group by its id, which may be absent."""
    return Call("ec2:DescribeSecurityGroups", {"Filters": [{"Name": "group-id", "Values": [group]}]})


@dataclass(frozen=True, kw_only=True)
class CreateQuarantine(Step):
    """Make the quarantine group in the VPC of the database; AWS gives a new group a rule that lets everything out."""

    vpc: str
    target: str
    extra_tags: Tags = ()

    outputs: ClassVar[tuple[str, ...]] = ("GroupId",)
    harbours: ClassVar[bool] = True

    def title(self) -> str:
        return f"make a quarantine group in {self.vpc}"

    def _name(self, ctx: Context) -> str:
        return name_made(ctx, self.key)

    def do(self, ctx: Context) -> Call:
        about = {"GroupName": self._name(ctx), "VpcId": self.vpc, "Description": f"sealift quarantine of {self.target}"}
        tags = specification("security-group", made_by(ctx, self, "quarantine", self.extra_tags))
        return Call("ec2:CreateSecurityGroup", {**about, "TagSpecifications": tags})

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"GroupId": reply["GroupId"]}

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            ours = [g for g in reply["SecurityGroups"] if is_ours(g, ctx, self)]
            return Found({"GroupId": ours[0]["GroupId"]}) if ours else None

        filters = [
            {"Name": "group-name", "Values": [self._name(ctx)]},
            {"Name": "vpc-id", "Values": [self.vpc]},
        ]
        return Query(Call("ec2:DescribeSecurityGroups", {"Filters": filters}), read)

    def undo(self) -> Step:
        return DeleteQuarantine(
            key=f"undo:{self.key}", phase=Phase.CLEAN, lane=self.lane, group=Ref(self.key, "GroupId")
        )

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class CloseQuarantine(Step):
    """Take away the rule that lets everything out: replication from outside and dblinks are outbound connections.

    `v6`: the rule for IPv6, which AWS adds where the VPC has such a block; that is asked last, and then nothing may be let out.
    """

    group: Id
    v6: bool = False

    looks_first: ClassVar[bool] = True

    def title(self) -> str:
        return f"let nothing out of {self.group}" + (" over IPv6" if self.v6 else "")

    def do(self, ctx: Context) -> Call:
        rules = EVERYWHERE_V6 if self.v6 else EVERYWHERE
        return Call("ec2:RevokeSecurityGroupEgress", {"GroupId": self.group, "IpPermissions": rules})

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            return Found({}) if reply["SecurityGroups"] and not self._open(reply) else None

        return Query(read_group(self.group), read)

    def check(self, out: Output) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            rules = _egress(reply) if self.v6 else self._open(reply)
            gone = [] if reply["SecurityGroups"] else [f"{self.group} is gone"]
            return gone + [f"{self.group} still lets out: {rule}" for rule in rules]

        return Query(read_group(self.group), read)

    def _open(self, reply: Mapping[str, Any]) -> list[Any]:
        ranges = "Ipv6Ranges" if self.v6 else "IpRanges"
        return [rule for rule in _egress(reply) if rule[ranges]]

    def undo(self) -> Irreversible:
        return Irreversible("the group goes as a whole")

    def seconds(self) -> Seconds:
        return SMALL_CALL


def _egress(reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [rule for group in reply["SecurityGroups"] for rule in group["IpPermissionsEgress"]]


@dataclass(frozen=True, kw_only=True)
class AdmitLogin(Step):
    """Let the fence's own login in, from one address to one port: without it nothing could be proved from inside."""

    group: Id
    port: int
    source: str  # CIDR

    looks_first: ClassVar[bool] = True

    def title(self) -> str:
        return f"let the fence's login in to {self.group} from {self.source}"

    def do(self, ctx: Context) -> Call:
        about = {"IpProtocol": "tcp", "FromPort": self.port, "ToPort": self.port}
        ranges = (
            {"Ipv6Ranges": [{"CidrIpv6": self.source}]}
            if ":" in self.source
            else {"IpRanges": [{"CidrIp": self.source}]}
        )
        return Call(
            "ec2:AuthorizeSecurityGroupIngress", {"GroupId": self.group, "IpPermissions": [{**about, **ranges}]}
        )

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            rules = [r for g in reply["SecurityGroups"] for r in g["IpPermissions"]]
            cidrs = {x.get("CidrIp") or x.get("CidrIpv6") for r in rules for x in _ranges(r)}
            return Found({}) if self.source in cidrs else None

        return Query(read_group(self.group), read)

    def undo(self) -> Irreversible:
        return Irreversible("the group goes as a whole")

    def seconds(self) -> Seconds:
        return SMALL_CALL


def _ranges(rule: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*rule["IpRanges"], *rule["Ipv6Ranges"]]


def ways(group: Mapping[str, Any], direction: str) -> list[str]:
    """Return what a described group lets in (`IpPermissions`) or out (`IpPermissionsEgress`): networks, groups, lists."""
    rules = group[direction]
    found = [x.get("CidrIp") or x.get("CidrIpv6") for rule in rules for x in _ranges(rule)]
    found += [x.get("GroupId") for rule in rules for x in rule.get("UserIdGroupPairs") or ()]
    return [str(w) for w in (*found, *(x.get("PrefixListId") for r in rules for x in r.get("PrefixListIds") or ()))]


@dataclass(frozen=True, kw_only=True)
class DeleteQuarantine(Step):
    """Delete the quarantine group, once nothing is in it any more."""

    group: Id

    def title(self) -> str:
        return f"delete {self.group}"

    def before(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            strange = [
                g["GroupId"]
                for g in reply["SecurityGroups"]
                if tags_of(g).get("sealift:migration") != ctx.migration
                or tags_of(g).get("sealift:role") != "quarantine"
            ]
            return [f"{g} is not the quarantine of {ctx.migration}: it is not deleted" for g in strange]

        return Query(read_group(self.group), read)

    def do(self, ctx: Context) -> Call:
        return Call("ec2:DeleteSecurityGroup", {"GroupId": self.group})

    def find(self, ctx: Context) -> Query:
        return Query(read_group(self.group), lambda reply: None if reply["SecurityGroups"] else Found({}))

    def undo(self) -> Irreversible:
        return Irreversible("the next attempt makes another")

    def seconds(self) -> Seconds:
        return SMALL_CALL
