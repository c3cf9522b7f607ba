"""sealift moves unencrypted AWS storage under a customer-managed KMS key: safely, resumably, reversibly."""

__version__ = "0.1.0"
