"""Managed master passwords: a secret of RDS's own in Secrets Manager, a new one for each database (R-RDS-17)."""

import json
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends

from sealift.sandbox.rds import keys
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import AnyDb
from sealift.sandbox.world import Call, World


def wanted(world: World, call: Call, name: str) -> dict[str, Any]:
    """Make the secret that ManageMasterUserPassword asks for; return what describes show of it."""
    params = call.params
    if params.get("MasterUserPassword"):
        message = "You can't specify MasterUserPassword for an instance with ManageMasterUserPassword enabled."
        raise refuse("R-RDS-17", "InvalidParameterCombination", message)
    key = params.get("MasterUserSecretKmsKeyId")
    arn = keys.usable(world, call, key) if key else None
    unique = f"{world.rng.getrandbits(128):032x}"
    title = f"rds!db-{unique[:8]}-{unique[8:12]}-{unique[12:16]}-{unique[16:20]}-{unique[20:]}"
    backend: Any = secretsmanager_backends[call.account][call.region]
    text = f'{{"username":"{params.get("MasterUsername", "admin")}","password":"{unique[::-1]}"}}'
    tagged = [{"Key": "aws:rds:primaryDBInstanceArn", "Value": f"arn:aws:rds:{call.region}:{call.account}:db:{name}"}]
    told = backend.create_secret(title, text, None, None, tagged, arn, None, [], False)
    shown = {
        "SecretArn": json.loads(told)["ARN"],
        "SecretStatus": "creating",
        "KmsKeyId": arn or "alias/aws/secretsmanager",
    }
    world.later(call, name, world.durations.db_secret_s, lambda at: shown.update(SecretStatus="active"))
    return shown


def change(world: World, call: Call, db: AnyDb) -> None:
    """Do what a modify asks of the master password: manage it, let it go, rotate it; the key stays (R-RDS-17)."""
    params = call.params
    manage = params.get("ManageMasterUserPassword")
    if params.get("MasterUserSecretKmsKeyId") and (db.secret or not manage):
        message = "You can't change the KMS key of a master user password that is managed."
        raise refuse("R-RDS-17", "InvalidParameterCombination", message)
    if params.get("RotateMasterUserPassword") and not db.secret:
        message = "You can't rotate a master user password that is not managed."
        raise refuse("R-RDS-17", "InvalidParameterCombination", message)
    if params.get("MasterUserPassword") and db.secret and manage is not False:
        message = "You can't specify MasterUserPassword for an instance with ManageMasterUserPassword enabled."
        raise refuse("R-RDS-17", "InvalidParameterCombination", message)
    if manage and not db.secret:
        db.secret = wanted(world, call, db.id)
    elif manage is False:
        drop(db)


def drop(db: AnyDb) -> None:
    """Delete a database's secret."""
    if db.secret:
        backend: Any = secretsmanager_backends[db.account][db.region]
        backend.delete_secret(db.secret["SecretArn"], None, True)
        db.secret = None
