"""The rules for EBS, in the order in which they are judged and shown."""

from sealift.kind import Rule

INSTANCE_RULES: tuple[Rule, ...] = ()
VOLUME_RULES: tuple[Rule, ...] = ()
CLONE_RULES: tuple[Rule, ...] = ()
SNAPSHOT_RULES: tuple[Rule, ...] = ()
COPY_RULES: tuple[Rule, ...] = ()
