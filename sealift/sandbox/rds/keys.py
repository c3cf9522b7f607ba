"""Encryption of databases: which key a request means, whether RDS can use it, and what happens when it no longer can."""

from typing import Any

from sealift.sandbox import kms
from sealift.sandbox.rds import moves
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import AnyDb, Books, Database, DbSnapshot, Storage, everywhere
from sealift.sandbox.world import Call, World

ALIAS = kms.RDS_ALIAS
_SHARED = ("DescribeKey", "CreateGrant", "Decrypt")
_GRANT = {"Operations": ["Decrypt", "Encrypt", "GenerateDataKey", "CreateGrant", "DescribeKey", "RetireGrant"]}


def usable(world: World, call: Call, ref: str) -> str:
    """Return the ARN of a key that RDS can use here for this caller, or refuse (R-RDS-14, R-RDS-15)."""
    if ref == ALIAS:
        return str(kms.managed_key(call.account, call.region, ALIAS).arn)
    arn, why = kms.fact(call.account, call.region, ref)
    if why or kms.service_may(world, call, arn, ("DescribeKey", "CreateGrant"), {}, "rds", _GRANT):
        message = (
            f"The specified KMS key [{ref}] does not exist, is not enabled or you do not have permissions to access it."
        )
        raise refuse("R-RDS-14", "KMSKeyNotAccessibleFault", message)
    return arn


def wanted(world: World, call: Call) -> Storage:
    """Return the encryption that a create asks for with StorageEncrypted and KmsKeyId."""
    params = call.params
    if params.get("KmsKeyId"):
        if params.get("StorageEncrypted") is False:
            message = "KmsKeyId can only be specified when StorageEncrypted is true."
            raise refuse("SB-RDS-03", "InvalidParameterCombination", message)
        return Storage("sse-kms", usable(world, call, params["KmsKeyId"]))
    if params.get("StorageEncrypted"):
        return Storage("sse-kms", usable(world, call, ALIAS))
    return Storage()


def check_source(storage: Storage) -> None:
    """Refuse to read a database or snapshot whose own key cannot be used now."""
    if kms.unusable(storage.key):
        message = f"The KMS key [{storage.key}] of the source is not accessible."
        raise refuse("R-RDS-14", "KMSKeyNotAccessibleFault", message)


def check_readable(world: World, call: Call, shot: DbSnapshot) -> None:
    """Refuse to copy a snapshot whose key cannot be used: another account must also have been let at it (R-RDS-37)."""
    check_source(shot.storage)
    if shot.account == call.account or shot.storage.type != "sse-kms":
        return
    if kms.service_may(world, call, shot.storage.key, _SHARED, {}, "rds", _GRANT):
        message = (
            f"The source snapshot KMS key [{shot.storage.key}] does not exist, is not enabled or you do not have "
            "permissions to access it."
        )
        raise refuse("R-RDS-37", "KMSKeyNotAccessibleFault", message)


def shown(storage: Storage) -> dict[str, Any]:
    """Return the members that tell of encryption: `StorageEncrypted` is false under an AWS-owned key (R-RDS-02)."""
    encrypted = storage.type == "sse-kms"
    return {"StorageEncrypted": encrypted, "StorageEncryptionType": storage.type, "KmsKeyId": storage.key}


def looked_at(world: World, at: float) -> None:
    """After a key changed state: let RDS notice, some time later, which databases it can no longer read (R-RDS-34)."""
    for room in everywhere(world):
        things: list[AnyDb] = [*room.databases.values(), *room.clusters.values()]
        for db in things:
            member = isinstance(db, Database) and db.cluster is not None
            if kms.unusable(db.storage.key) and not member and not db.state.startswith("inaccessible"):
                call = Call("rds", "KeyNoticed", {}, db.account, db.region, at)
                _notice_later(world, call, room, db)


def _notice_later(world: World, call: Call, room: Books, db: AnyDb) -> None:
    def notice(at: float) -> None:
        gone = db.state in ("deleting", "deleted") or db.state.startswith("inaccessible")
        if kms.unusable(db.storage.key) and not gone:
            lost(world, room, db, at)

    world.later(call, db.id, world.durations.db_key_noticed_s, notice)


def lost(world: World, room: Books, db: AnyDb, at: float) -> None:
    """Take a database out of service for want of its key: recoverable for 7 days where it keeps backups."""
    word = "inaccessible-encryption-credentials"
    backups = bool(db.shown.get("BackupRetentionPeriod"))
    moves.cut(world, db)
    moves.become(world, db, word + "-recoverable" if backups else word, at)
    moves.note(world, db, at, "failure", "The database's KMS key is not accessible.")
    if backups:
        turn = db.turn

        def too_late(late: float) -> None:
            if db.turn == turn:
                moves.become(world, db, word, late)

        world.agenda.at(at + world.durations.db_key_grace_s, too_late)
