"""Files -> months and report, in one step, for tests of the import. The report of every import must add up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.tweets.history import History, combine
from engine.tweets.metrics import Basis, Month, by_month
from engine.tweets.read import Mappings, read_all


@dataclass(frozen=True)
class Imported:
    """What some files hold, and how they were read."""

    months: Mapping[str, Month]
    report: dict[str, Any]
    history: History

    @property
    def totals(self) -> dict[str, tuple[float | None, ...]]:
        """Month -> tweets, impressions, engagements, new followers."""
        return {
            name: (month.tweets, month.impressions, month.engagements, month.new_followers)
            for name, month in self.months.items()
        }

    @property
    def told(self) -> str:
        """Everything that the report says in words."""
        texts = [*self.report["guesses"], *self.report["warnings"], *self.report["errors"], *self.report["dropped"]]
        return "\n".join(texts)


def read(
    *files: tuple[str, bytes], zone: str = "UTC", basis: Basis | None = None, mappings: Mappings | None = None
) -> Imported:
    """Read files as the command line does. Raises the first error of a file that cannot be read."""
    got = read_all(files, mappings=mappings)
    for file in got:
        if file.error:
            raise file.error
    history = combine([part for file in got for part in file.parts], zone)
    months = {month.month: month for month in by_month(history, basis)}
    report = history.report.as_dict()
    for counts in (report, *report["files"]):
        assert counts["rows"] == counts["kept"] + sum(counts["dropped"].values()), counts
        assert min(counts["dropped"].values(), default=0) >= 0, counts
    return Imported(months, report, history)
