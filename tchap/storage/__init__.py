"""Keeping facts: plain SQL, two engines, one text."""
