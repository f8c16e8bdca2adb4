"""Load generator: drives any Matrix homeserver over plain HTTP, compares ours with Synapse (docs/performance.md)."""
