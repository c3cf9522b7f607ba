"""Managed master passwords: a secret of RDS's own in Secrets Manager, a new one for each database (R-RDS-17)."""

import json
import uuid
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends

from sealift.sandbox.rds import keys, passwords
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import AnyDb, Cluster, Store
from sealift.sandbox.world import Call, World


def wanted(
    world: World, call: Call, name: str, store: Store, *, of_cluster: bool = False, user: str | None = None
) -> dict[str, Any]:
    """Make the secret that ManageMasterUserPassword asks for, whose password is the engine's once it is active; return what
    describes show of it.
    """
    params = call.params
    kind, noun = ("cluster", "Cluster") if of_cluster else ("db", "Instance")
    if params.get("MasterUserPassword"):
        message = "You can't specify MasterUserPassword for an instance with ManageMasterUserPassword enabled."
        raise refuse("R-RDS-17", "InvalidParameterCombination", message)
    key = params.get("MasterUserSecretKmsKeyId")
    arn = keys.usable(world, call, key) if key else None
    unique = f"{world.rng.getrandbits(128):032x}"
    title = f"rds!{kind}-{unique[:8]}-{unique[8:12]}-{unique[12:16]}-{unique[16:20]}-{unique[20:]}"
    backend: Any = secretsmanager_backends[call.account][call.region]
    master, password = params.get("MasterUsername") or user or "admin", unique[::-1]
    text = _login(master, password)
    owner = f"arn:aws:rds:{call.region}:{call.account}:{kind}:{name}"
    tagged = [{"Key": f"aws:rds:primaryDB{noun}Arn", "Value": owner}]
    told = backend.create_secret(title, text, None, None, tagged, arn, None, [], False)
    shown = {
        "SecretArn": json.loads(told)["ARN"],
        "SecretStatus": "creating",
        "KmsKeyId": arn or "alias/aws/secretsmanager",
    }
    _take_effect(world, call, name, shown, store, master, password)
    return shown


def _take_effect(
    world: World, call: Call, name: str, secret: dict[str, Any], store: Store, user: str, password: str
) -> None:
    def active(at: float) -> None:
        passwords.give(store, user, password)
        secret.update(SecretStatus="active")

    world.later(call, name, world.durations.db_secret_s, active)


def set_at_creation(call: Call, store: Store, user: str | None) -> None:
    """Let the master user in with the password that a creation names."""
    if word := call.params.get("MasterUserPassword"):
        passwords.give(store, user or "admin", word)


def _login(user: str, password: str) -> str:
    return json.dumps({"username": user, "password": password})


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
    if manage and db.shown.get("MultiTenant"):
        message = "ManageMasterUserPassword isn't supported for RDS for Oracle CDBs in the multi-tenant configuration."
        raise refuse("R-RDS-17", "InvalidParameterCombination", message)
    if manage and not db.secret:
        user = str(db.shown.get("MasterUsername", "admin"))
        db.secret = wanted(world, call, db.id, db.store, of_cluster=isinstance(db, Cluster), user=user)
    elif manage is False:
        drop(db)
    elif db.secret and params.get("RotateMasterUserPassword"):
        _rotate(world, call, db, db.secret)
    if word := params.get("MasterUserPassword"):
        user, seconds = str(db.shown.get("MasterUsername", "admin")), world.durations.db_modify_s
        world.later(call, db.id, seconds, lambda at: passwords.give(db.store, user, word))


def _rotate(world: World, call: Call, db: AnyDb, secret: dict[str, Any]) -> None:
    """Give the secret a new version, with another password."""
    backend: Any = secretsmanager_backends[db.account][db.region]
    user, password = str(db.shown.get("MasterUsername", "admin")), f"{world.rng.getrandbits(128):032x}"
    text = _login(user, password)
    token = str(uuid.UUID(int=world.rng.getrandbits(128)))
    held, key = secret["SecretArn"], backend.secrets[secret["SecretArn"]].kms_key_id
    backend.put_secret_value(held, text, None, token, ["AWSCURRENT"])
    backend.secrets[held].kms_key_id = key
    secret["SecretStatus"] = "rotating"
    _take_effect(world, call, db.id, secret, db.store, user, password)


def drop(db: AnyDb) -> None:
    """Delete a database's secret."""
    if db.secret:
        backend: Any = secretsmanager_backends[db.account][db.region]
        backend.delete_secret(db.secret["SecretArn"], None, True)
        db.secret = None
