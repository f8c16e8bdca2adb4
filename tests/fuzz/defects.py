"""Defects of the specification's own files: answers it documents that its schemas refuse. Each with the reason."""

# (operation, status): why the file is wrong, not the server.
SCHEMA_DEFECTS: dict[tuple[str, int], str] = {}
