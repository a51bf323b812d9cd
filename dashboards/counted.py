"""How many there are of what a list holds only the first of: counted by ClickHouse, else at least so many."""

from dataclasses import dataclass

import pandas as pd

from dashboards import words

_COUNTED = "counted"


@dataclass(frozen=True)
class Counted:
    """A count; with `least` there may be more."""

    number: int
    least: bool = False

    @property
    def word(self) -> str:
        """Return it as it is shown."""
        return f"≥ {words.count(self.number)}" if self.least else words.count(self.number)


def noted(frame: pd.DataFrame) -> pd.DataFrame:
    """Return an answer without its column `counted`, which `of` tells then; at least so many where `least` says so."""
    if not frame.empty:
        least = "least" in frame and bool(frame["least"].iloc[0])
        frame.attrs[_COUNTED] = (int(frame[_COUNTED].iloc[0]), least)  # Arrow wants what JSON can hold
    return frame.drop(columns=[_COUNTED, "least"], errors="ignore")


def of(frame: pd.DataFrame | None) -> Counted | None:
    """Return how many there are of which an answer has the first; 0 of one without rows, None of none."""
    return None if frame is None else Counted(*frame.attrs.get(_COUNTED, (0, False)))


def cut(frame: pd.DataFrame | None, rows: int) -> bool:
    """Return whether there are more than these rows of the answer."""
    known = of(frame)
    return known is not None and (known.least or known.number > rows)
