"""Tables that people write: CSV, read strictly, since what is misread in silence is missing from what is kept."""

import csv
from collections.abc import Iterable, Iterator

from tchap.base.errors import InvalidParam


def read_rows(lines: Iterable[str], mark: str) -> Iterator[tuple[int, list[str]]]:
    """The rows, each with the number of its (last) line, from 1; `mark` stands between cells.

    M_INVALID_PARAM for what is no CSV: a quotation mark that is not closed takes the rest of a file into its cell.
    """
    reader = csv.reader(lines, delimiter=mark, strict=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise InvalidParam(
            f"Line {reader.line_num} is no CSV ({error}): look at its quotation marks.",
            f"La ligne {reader.line_num} n'est pas du CSV ({error}) : regardez ses guillemets.",
        ) from error
