"""What the rooms of databases share: no kind of its own, and it knows none."""
