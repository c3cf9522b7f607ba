"""From a request's members to those of a reply: most have the same name, some another, and all have AWS's defaults."""

import functools
from collections.abc import Mapping
from typing import Any

from moto.core.utils import get_service_model

from sealift.sandbox.rds import engines
from sealift.sandbox.rds.refusals import refuse

_RENAMED = {
    "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
    "EnablePerformanceInsights": "PerformanceInsightsEnabled",
    "EnableCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
    "EnableCustomerOwnedIp": "CustomerOwnedIpEnabled",
    "EnableGlobalWriteForwarding": "GlobalWriteForwardingRequested",
    "EnableVPCNetworking": "VPCNetworkingEnabled",
    "EnableInternetAccessGateway": "InternetAccessGatewayEnabled",
    "ScalingConfiguration": "ScalingConfigurationInfo",
    "DBPortNumber": "Port",
}
_NOT_AS_SENT = frozenset(
    [
        "DBInstanceIdentifier",
        "DBClusterIdentifier",
        "KmsKeyId",
        "StorageEncrypted",
        "DBSecurityGroups",
        "CertificateDetails",
        "AssociatedRoles",
        "TdeCredentialPassword",
    ]
)
_OUTPUT = {"db": "DBInstance", "cluster": "DBCluster"}

PORT = "Port"


@functools.cache
def _known(kind: str) -> frozenset[str]:
    return frozenset(get_service_model("rds").shape_for(_OUTPUT[kind]).members) | {PORT}


def members(params: Mapping[str, Any], kind: str = "db") -> dict[str, Any]:
    """Return what of a request stands in the reply's shape as it was sent."""
    found: dict[str, Any] = {}
    for name, value in params.items():
        member = _RENAMED.get(name, name)
        if value is not None and member in _known(kind) and name not in _NOT_AS_SENT:
            found[member] = value
    if "Domain" in params or "DomainFqdn" in params:
        found["DomainMemberships"] = [_domain(params)]
    return found


def _domain(params: Mapping[str, Any]) -> dict[str, Any]:
    if "Domain" in params and {"DomainFqdn", "DomainOu", "DomainAuthSecretArn", "DomainDnsIps"} & set(params):
        message = "Domain and DomainIAMRoleName exclude DomainFqdn, DomainOu, DomainAuthSecretArn and DomainDnsIps."
        raise refuse("SB-RDS-61", "InvalidParameterCombination", message)
    if "Domain" in params:  # what AWS manages shows its FQDN all the same
        params = {**params, "DomainFqdn": f"{params['Domain']}.example.com"}
    pairs = {
        "Domain": "Domain",
        "FQDN": "DomainFqdn",
        "IAMRoleName": "DomainIAMRoleName",
        "OU": "DomainOu",
        "AuthSecretArn": "DomainAuthSecretArn",
        "DnsIps": "DomainDnsIps",
    }
    return {"Status": "joined", **{k: params[v] for k, v in pairs.items() if v in params}}


FLAGS: dict[str, Any] = {
    "AutoMinorVersionUpgrade": True,
    "MultiAZ": False,
    "CopyTagsToSnapshot": False,
    "IAMDatabaseAuthenticationEnabled": False,
    "PerformanceInsightsEnabled": False,
    "DeletionProtection": False,
    "CustomerOwnedIpEnabled": False,
    "DedicatedLogVolume": False,
    "MultiTenant": False,
}
"""What every instance starts with, created or restored: a restore carries none of them over (R-RDS-47)."""


def defaults(engine: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return an instance's defaults: public where no subnet group is named, members of Aurora apart (SB-RDS-28)."""
    return {
        **FLAGS,
        "PubliclyAccessible": not engines.is_aurora(engine) and not params.get("DBSubnetGroupName"),
        "LicenseModel": engines.engine(engine).licence,
        "Port": engines.engine(engine).port,
        "NetworkType": "IPV4",
        "BackupTarget": "region",
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        "MonitoringInterval": 0,
        "EngineLifecycleSupport": "open-source-rds-extended-support",
        "DatabaseInsightsMode": "standard",
        "PreferredMaintenanceWindow": "sun:05:00-sun:05:30",
        "PreferredBackupWindow": "03:00-03:30",
    }


def cluster_defaults(engine: str) -> dict[str, Any]:
    """Return a cluster's defaults."""
    aurora = engines.is_aurora(engine)
    return {
        "AllocatedStorage": 1 if aurora else 100,
        "BackupRetentionPeriod": 1,
        "Port": engines.engine(engine).port,
        "EngineMode": "provisioned",
        "StorageType": "aurora" if aurora else "io1",
        "AutoMinorVersionUpgrade": True,
        "CopyTagsToSnapshot": False,
        "IAMDatabaseAuthenticationEnabled": False,
        "DeletionProtection": False,
        "CrossAccountClone": False,
        "NetworkType": "IPV4",
        "DatabaseInsightsMode": "standard",
        "EngineLifecycleSupport": "open-source-rds-extended-support",
        "PreferredMaintenanceWindow": "sun:05:00-sun:05:30",
        "PreferredBackupWindow": "03:00-03:30",
    }
