"""Which files of the browser's packages are served.

Some packages hold every form of their library, with its types and source maps: tens of megabytes that would be hashed
and compressed at the first start.
"""

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from django.contrib.staticfiles.finders import FileSystemFinder

# Patterns of paths by the folder under which a package is served. All files of the other folders are served.
SERVED = {
    "vendor/katex": ("katex.min.js", "katex.min.css", "contrib/mhchem.min.js", "fonts/*"),
    "vendor/mermaid": ("mermaid.min.js",),
}


class PackageFinder(FileSystemFinder):
    """Lists the files of STATICFILES_DIRS, of large packages only those that pages use."""

    def list(self, ignore_patterns: Any) -> Iterator[Any]:
        for path, storage in super().list(ignore_patterns):
            patterns = SERVED.get(storage.prefix or "")
            if patterns is None or any(fnmatch(path, pattern) for pattern in patterns):
                yield path, storage
