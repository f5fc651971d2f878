"""Prints zones.tsv from a compiled tz database, such as Debian's package tzdata:

    make zones                         (from /usr/share/zoneinfo)
    make zones ZONEINFO=other/zoneinfo

One line per rule: the POSIX TZ string that ends a TZif file (RFC 9636, section 3.3),
a tab, and the names of all zones that end so, links included.
"""

import collections
import pathlib
import sys

top = pathlib.Path(sys.argv[1])
zones = collections.defaultdict(list)
for file in sorted(top.rglob("*")):
    name = file.relative_to(top).as_posix()
    # Copies of the others, what localtime(5) reads, and no zone at all.
    if name.startswith(("posix/", "right/")) or name in ("posixrules", "localtime", "Factory"):
        continue
    if file.is_file() and (data := file.read_bytes()).startswith(b"TZif"):
        zones[data.rsplit(b"\n", 2)[1].decode()].append(name)
version = (top / "tzdata.zi").open().readline().split()[-1]
print(f"# tz database {version}; see zones.py")
for rule, names in sorted(zones.items()):
    print(rule, " ".join(names), sep="\t")
