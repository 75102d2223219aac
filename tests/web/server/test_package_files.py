"""Of large packages only the files that pages use are served."""

from chat.web.server.package_files import SERVED, PackageFinder


def test_a_large_package_is_served_in_part() -> None:
    found = {(storage.prefix, path) for path, storage in PackageFinder().list([]) if storage.prefix in SERVED}
    mermaid = {path for prefix, path in found if prefix == "vendor/mermaid"}
    katex = {path for prefix, path in found if prefix == "vendor/katex"}
    assert mermaid == {"mermaid.min.js"}
    assert {
        "katex.min.js",
        "katex.min.css",
        "contrib/mhchem.min.js",
        "fonts/KaTeX_Main-Regular.woff2",
    } <= katex
    assert not {path for path in katex if path.endswith((".mjs", "katex.js", "katex.css"))}


def test_other_packages_are_served_whole() -> None:
    found = {f"{storage.prefix or ''}/{path}" for path, storage in PackageFinder().list([])}
    assert {"vendor/marked/marked.esm.js", "/chat/main.js"} <= found
