"""Figures that are measured, as ratios or on virtual time: `make bench`."""
