"""Plans, states and events as text, json and markdown."""
