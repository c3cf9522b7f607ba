"""A DB instance with its read replicas."""
