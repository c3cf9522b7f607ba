"""What moto lacks: time, contents, and keys that really gate."""
