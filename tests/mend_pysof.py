"""Makes pysof load where the C library is older than 2.38.

All but the OpenSSL in its wheel is content with glibc 2.34. On such a system
(Debian 12, Ubuntu 22.04) links to the system's OpenSSL 3 take the place of the
wheel's. Started with the interpreter of the environment that has pysof;
changes nothing where pysof loads as it is.
"""

import os
import pathlib
import subprocess
import sys
import sysconfig


def loads() -> bool:
    # Without its library pysof only warns, and does nothing.
    command = [sys.executable, "-W", "error", "-c", "import pysof"]
    return subprocess.run(command, capture_output=True).returncode == 0


def system_library(name: str) -> str | None:
    path = f"/sbin:/usr/sbin:{os.environ.get('PATH', '')}"
    known = subprocess.run(
        ["ldconfig", "-p"],
        capture_output=True,
        text=True,
        env={"PATH": path},
    )
    for line in known.stdout.splitlines():
        library, _, file = line.strip().partition(" => ")
        if library.split(" ")[0] == name:
            return file
    return None


def main() -> None:
    if loads():
        return
    folder = pathlib.Path(sysconfig.get_path("platlib"), "pysof.libs")
    for name in ("libcrypto", "libssl"):
        ours = system_library(f"{name}.so.3")
        for file in folder.glob(f"{name}-*.so.3"):
            if ours is None:
                sys.exit(f"pysof needs {name}.so.3 (Debian: libssl3)")
            file.unlink()
            file.symlink_to(ours)
    if not loads():
        sys.exit("pysof does not load here, not even with this OpenSSL")


if __name__ == "__main__":
    main()
