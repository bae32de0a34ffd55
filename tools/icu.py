"""ICU's data for the guest: all collations, by which PostgreSQL sorts where it is told to.

pglite.data has the root collation alone. ICU takes what it opens from /pglite/icu, a file for each
item, so what no SQL function reaches is left out: currencies, time zones, units, names of languages
but in English, transliterations. The data are those of ICU's own version, 76.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

FOLDER = "pglite/icu"

# What ICU's common data begin with: a header whose size comes first and whose format is CmnD.
HEADER = struct.Struct("<HBB6x2x4s")
HEADER_FORMAT = b"CmnD"
MAGIC = (0xDA, 0x27)
ITEM = struct.Struct("<II")  # where its name is, where its content, from the table on

FILES = frozenset(
    (
        *("res_index.res", "pool.res", "root.res", "en.res"),
        *("keyTypeData.res", "supplementalData.res", "langInfo.res", "metadata.res"),
        *("timezoneTypes.res", "numberingSystems.res", "icuver.res", "cnvalias.icu"),
        # initcap goes by words; comments of collations name languages and regions in English.
        *("brkitr/res_index.res", "brkitr/root.res", "brkitr/word.brk"),
        *(f"{of}/{name}.res" for of in ("lang", "region") for name in ("pool", "root", "en")),
    )
)
FOLDERS = ("coll/",)
NORMALIZATION = ".nrm"

# The converters of encodings that a database can have, as cnvalias.icu resolves their names.
CONVERTERS = frozenset(
    f"{name}.cnv"
    for name in (
        *("euc-jp-2007", "euc-tw-2014", "ibm-1383_P110-1999", "ibm-970_P110_P110-2006_U2"),
        *("ibm-912_P100-1995", "ibm-913_P100-2000", "ibm-914_P100-1995", "ibm-915_P100-1995"),
        *("ibm-920_P100-1995", "ibm-921_P100-1995", "ibm-923_P100-1998", "ibm-1089_P100-1995"),
        *("ibm-9005_X110-2007", "ibm-5012_P100-1999", "iso-8859_10-1998", "iso-8859_14-1998"),
        *("ibm-5346_P100-1998", "ibm-5347_P100-1998", "ibm-5348_P100-1997", "ibm-5349_P100-1998"),
        *("ibm-5350_P100-1998", "ibm-9447_P100-2002", "ibm-9448_X100-2005", "ibm-9449_P100-2002"),
        *("ibm-5354_P100-1998", "ibm-866_P100-1995", "ibm-878_P100-1996", "ibm-1168_P100-2002"),
    )
)


class ICUDataError(Exception):
    """The library does not have the data that this build knows."""


def icu_files(vendor_dir: Path) -> dict[str, bytes]:
    """Return the files by their paths in the guest's tree, without leading '/'."""
    (library,) = (vendor_dir / "icu").glob("libicudata*")
    files = {
        f"{FOLDER}/{path}": content
        for path, content in read_items(library.read_bytes())
        if is_used(path.partition("/")[2])
    }
    used = {path.removeprefix(f"{FOLDER}/").partition("/")[2] for path in files}
    missing = (FILES | CONVERTERS) - used
    if missing:
        raise ICUDataError(f"{library}: no {', '.join(sorted(missing))}")
    return files


def is_used(name: str) -> bool:
    """Whether an item, named as in its folder icudt76l, is for the guest."""
    whole = name.startswith(FOLDERS) or name.endswith(NORMALIZATION)
    return whole or name in FILES or name in CONVERTERS


def read_items(library: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield all items of the common data that are in a shared library: name and content."""
    table = _table(library)
    (count,) = struct.unpack_from("<I", library, table)
    entries = [ITEM.unpack_from(library, table + 4 + ITEM.size * at) for at in range(count)]
    ends = [content for _, content in entries[1:]]
    # The last item has no end of its own: ICU's tools put one there that nothing here uses.
    for (name, content), end in zip(entries, ends, strict=False):
        yield _text(library, table + name), library[table + content : table + end]


def _table(library: bytes) -> int:
    at = library.find(HEADER_FORMAT) - HEADER.size + len(HEADER_FORMAT)
    if at >= 0:
        size, *magic, format = HEADER.unpack_from(library, at)
        if tuple(magic) == MAGIC and format == HEADER_FORMAT:
            return at + int(size)
    raise ICUDataError("there are no data of ICU in it")


def _text(library: bytes, at: int) -> str:
    return library[at : library.index(b"\0", at)].decode()
