"""Every limit and path of Tally, once, with the reason for its value.

Limits are plain constants; the README's table is tested against them. Paths and addresses come from the environment
(TALLY_HOME, TALLY_HOST, TALLY_PORT) and are read when asked for. Parameters fitted on data live with their model.
"""

import os
from pathlib import Path

import platformdirs

from engine.errors import InputError

MEGABYTE = 1_000_000

# Marketplaces allow 8 to 20 photos a listing; past ten, one more photo hardly moves the verdict.
PHOTOS_PER_LISTING = 20

# The largest phone JPEGs (50 megapixels, best quality) are near 20 MB.
PHOTO_MEGABYTES = 25

# A 50-megapixel phone fits. Decoded whole, a PNG of this size takes 0.32 GB; a decompression bomb is far above it.
PHOTO_MEGAPIXELS = 80

# What is dropped or posted together. It waits in memory until it is read, so ten visitors at once hold half a gigabyte.
# Bigger work goes through the command line. (`server.maxUploadSize` in .streamlit/config.toml, which holds for each
# file of a drop, is the same number.)
REQUEST_MEGABYTES = 50

# A title and a description on the large marketplaces stay within this; more is not a description of one object.
DESCRIPTION_CHARACTERS = 5_000

# Long enough for a folder's or a file's name; a longer one is a mistake or an attack and is shortened.
NAME_CHARACTERS = 120

# Rows of one table: as many as a worksheet can have, and more than any account's life of posts.
TABLE_ROWS = 1_048_576

# Characters of one cell: the longest posts have 25,000. A longer one is a quotation mark left open.
CELL_CHARACTERS = 200_000

# What a workbook may unpack to: 100,000 rows of an export take about 70 MB.
WORKBOOK_MEGABYTES = 1_000

# An export of posts from this size on is scanned for the columns it is needed for; below, reading all costs nothing.
SCANNED_MEGABYTES = 4

# Exports dropped together: ten years of one file a month, by tweet and by day.
FILES_PER_IMPORT = 240

# A Google Sheet is asked for at most this often (s): a service account is one user for all visitors, with 60 reads a
# minute.
SHEET_FRESH_SECONDS = 60

# Last good copies of Google Sheets in memory: 50,000 posts take 45 MB.
CACHED_SHEETS = 16

# Troubles that one read of a sheet sits out.
SHEET_TRIES = 5

# The longest one read of a sheet may take (s): Google's quota refills each minute, and nobody waits longer.
SHEET_PATIENCE_SECONDS = 60

# How long Google may take to answer the phone (s). gspread alone would wait for ever.
SHEET_CONNECT_SECONDS = 5

# How long Google may be silent in the middle (s): a large sheet takes it some seconds to begin.
SHEET_SILENCE_SECONDS = 30

# A larger set is sampled for its learning curve: that takes minutes, and a share of 50,000 is known to half a point.
CURVE_ITEMS = 50_000

# A larger set is sampled for a linear head: its few hundred features have learnt all they can, and memory stays flat.
TRAIN_PHOTOS = 100_000

# ZIPs dropped together to train on, each of REQUEST_MEGABYTES at most. They wait in memory until they are stored: some
# hundred photos as phones take them, thousands made smaller. Bigger sets go through the command line.
TRAIN_MEGABYTES = 300

# A training that was stopped or failed keeps its photos so long: until somebody is back from a holiday.
TRAINING_DAYS = 14

# Items x features of a learning curve: 200 MB, and as much again in each worker.
CURVE_VALUES = 50_000_000

# Rounds of folds of a learning curve: past a few dozen, the finite set is the noise that is left.
CURVE_ROUNDS = 48

# Rows of a table that an audit compares: a share is then known to a point, and neighbours are found in a second.
AUDIT_ROWS = 10_000

# Files in one ZIP: 10,000 listings of ten photos. A ZIP of more is split by its sender.
ZIP_FILES = 100_000

# A reviewer holds a listing this long: most take seconds, a hard one with a look elsewhere some minutes. Who went away
# keeps it from others no longer than that.
CLAIM_MINUTES = 10

# Listings waiting for the one inference worker. Ten photos take about a second on two cores, so the last of the
# queue waits about ten; a longer wait is better refused at once than timed out later.
WAITING_REQUESTS = 8

# A slow uploader holds a connection and room on the disk: 50 MB in this time needs 7 Mbit/s.
UPLOAD_SECONDS = 60

# How long a server of published weights may be silent (s). A download of 100 MB may take its time, as long as it moves.
DOWNLOAD_SILENCE_SECONDS = 30

# A model that did not load is tried again after this time (s): a disk may come back, a damaged file does not.
MODEL_RETRY_SECONDS = 10

# Models kept loaded (20 to 120 MB each): those of the visitors at work; another takes some seconds to load.
LOADED_MODELS = 4

# Photos kept ready by content, so that a rerun or a page switch costs no inference (about 50 kB each).
CACHED_PHOTOS = 2_000

# Every later stage works on a copy whose long side is at most this (px): blur and close-up are measured at 512,
# and no network here takes more.
WORKING_SIDE = 512

# Long side of the picture on a photo's card (px): 240 on the page, at two device pixels each.
THUMBNAIL_SIDE = 480

# Photos in one call of the network: more no longer speeds two cores up, and memory stays flat.
BATCH_PHOTOS = 64

# Decoding releases the interpreter's lock, so a thread a core helps; more than four only adds memory.
DECODE_THREADS = min(4, os.cpu_count() or 1)


def home() -> Path:
    """The folder that holds all state. Not created here: reading never writes.

    Raises InputError if TALLY_HOME names a user who does not exist.
    """
    chosen = os.environ.get("TALLY_HOME")
    try:
        return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("tally", appauthor=False))
    except RuntimeError as error:
        raise InputError(f"TALLY_HOME is {chosen!r}, which is no folder ({error})", "name a folder") from error


def host() -> str:
    """The address to serve on. Only this computer by default: sharing is a decision."""
    return os.environ.get("TALLY_HOST") or "127.0.0.1"


def port() -> int:
    """The port to serve on.

    Raises InputError if TALLY_PORT is not a port number.
    """
    text = os.environ.get("TALLY_PORT") or "8501"
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 65535:
        raise InputError(f"TALLY_PORT is {text!r}, which is not a port", "use a number from 1 to 65535")
    return int(text)
