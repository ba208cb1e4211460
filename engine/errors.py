"""Everything Tally raises on purpose.

    TallyError                    what happened (str) and what to do (.remedy)
    ├── InputError                what the user gave cannot be used
    │   ├── UnreadablePhoto       one photo; a listing goes on without it
    │   ├── LimitExceeded         more photos, bytes or pixels than settings.py allows
    │   ├── UnreadableData        an evaluation set, a ZIP or a table
    │   │   └── UnknownLayout     a table whose columns a person must name
    │   └── AccountNotFound       no account of that name
    ├── ModelError
    │   ├── ModelNotFound         no model of that name or folder
    │   ├── ModelProtected        the built-in model cannot be renamed or deleted
    │   ├── DamagedModel          a card or weights that are not what they say they are
    │   └── DownloadFailed        published weights cannot be had
    ├── SheetError                Google's answer is no sheet of figures
    │   ├── SheetForbidden        Tally may not read the sheet
    │   ├── SheetNotFound         there is no sheet at the link
    │   └── SheetUnavailable      Google is down, slow or asked too often; it may pass
    ├── StoreError                the database cannot be reached, read or written
    └── Busy                      too much work is waiting already; try again

`code` is the stable word for programs (the HTTP API's `error.code`); the message and the remedy are for people.
"""

from collections.abc import Sequence


class TallyError(Exception):
    """Base of every error Tally raises on purpose.

    `message` says what happened in one sentence; `remedy` says what to do about it.
    """

    code = "error"

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}: {self.remedy}" if self.remedy else self.message


class InputError(TallyError):
    code = "bad_input"


class UnreadablePhoto(InputError):
    code = "unreadable_photo"


class LimitExceeded(InputError):
    code = "limit_exceeded"


class UnreadableData(InputError):
    code = "unreadable_data"


class UnknownLayout(UnreadableData):
    """`header` holds the table's headings, as they are to be named."""

    code = "unknown_layout"

    def __init__(self, message: str, remedy: str, header: Sequence[str]) -> None:
        super().__init__(message, remedy)
        self.header = list(header)


class AccountNotFound(InputError):
    code = "account_not_found"


class ModelError(TallyError):
    code = "model_error"


class ModelNotFound(ModelError):
    code = "model_not_found"


class ModelProtected(ModelError):
    code = "model_protected"


class DamagedModel(ModelError):
    code = "damaged_model"


class DownloadFailed(ModelError):
    code = "download_failed"


class SheetError(TallyError):
    code = "sheet_error"


class SheetForbidden(SheetError):
    code = "sheet_forbidden"


class SheetNotFound(SheetError):
    code = "sheet_not_found"


class SheetUnavailable(SheetError):
    code = "sheet_unavailable"


class StoreError(TallyError):
    code = "store_error"


class Busy(TallyError):
    code = "busy"
