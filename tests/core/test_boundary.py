"""The law of the tree: edges translate, the center decides, and no file reaches where it must not."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "contactcenter"

ROOTS = {
    *("__main__", "cli", "app", "totals", "checks", "standalone", "loop", "clock", "places"),
    *("demo", "tracing", "config", "sections", "configurator", "document"),
}
"""The composition root, the clock and the one loop: they may know everything."""

PURE = {
    *("__future__", "dataclasses", "enum", "typing", "collections", "itertools", "functools", "math"),
    *("heapq", "bisect", "operator", "datetime", "zoneinfo", "re", "ast", "hashlib"),
}
"""What of the standard library the core may import: nothing that knows the time, waits, or throws dice."""

OWNERS = {"panoramisk": ("ami",), "sqlalchemy": ("crm",), "alembic": ("crm",), "aiohttp": ("http",)} | {
    "cryptography": ("recordings", "crm")
}
"""Library -> the only edges that may import it: of most there is one."""

KNIT = {"phones"}
"""Where circles are allowed: a simulated phone, its calls and their transfers make each other."""

ASTERISK_WORDS = re.compile(r"\b(Channel|Uniqueid|Linkedid)\b")
ASTERISK_EDGES = {"ami", "agi", "asterisk"}


def files() -> Iterator[Path]:
    return (path for path in sorted(PACKAGE.rglob("*.py")) if path.is_relative_to(PACKAGE))


def part(path: Path) -> str:
    """The first name below the package: a folder, or a file of the root."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file imports, and what it takes from each (that may be a module, too)."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            here = ("contactcenter", *path.relative_to(PACKAGE).parent.parts)
            base = here[: len(here) + 1 - node.level] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def own(name: str) -> str:
    """`ami` for `contactcenter.ami.link`; empty for what is not ours."""
    head, _, rest = name.partition(".")
    return rest.partition(".")[0] if head == "contactcenter" else ""


def modules() -> dict[str, Path]:
    """Every file, by the name under which it is imported."""
    found = {}
    for path in files():
        parts = ("contactcenter", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def circle(graph: Mapping[str, frozenset[str]]) -> list[str]:
    """The nodes of one way that leads back to where it began; empty if there is none."""
    done: set[str] = set()
    way: list[str] = []

    def visit(node: str) -> list[str]:
        if node in way:
            return way[way.index(node) :]
        if node in done:
            return []
        way.append(node)
        found = next((each for after in sorted(graph[node]) if (each := visit(after))), [])
        way.pop()
        done.add(node)
        return found

    return next((found for node in sorted(graph) if (found := visit(node))), [])


EDGES = {part(path) for path in files() if path.parent != PACKAGE} - ROOTS - {"routing", "dialer"}
CORE = [
    path
    for path in files()
    if part(path) in ("routing", "dialer") or (path.parent == PACKAGE and part(path) not in ROOTS)
]


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_the_core_and_the_edges_are_where_this_test_looks() -> None:
    assert {"center.py", "floor.py", "legs.py", "routing/selection.py"} <= {name_of(path) for path in CORE}
    assert {"ami", "agi", "crm", "http", "phones", "asterisk"} <= EDGES


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_is_pure(path: Path) -> None:
    foreign = {name for name in imports(path) if not own(name) and name != "contactcenter"}
    assert {name.partition(".")[0] for name in foreign} <= PURE
    assert not {own(name) for name in imports(path)} & (EDGES | ROOTS), "the core knows no edge"


def test_imports_go_in_one_direction() -> None:
    """No circle, be it by late imports or by such as types alone need."""
    known = {name: path for name, path in modules().items() if part(path) not in KNIT}
    graph = {name: imports(path) & known.keys() for name, path in known.items()}
    assert graph["contactcenter.center"] >= {"contactcenter.legs", "contactcenter.callers"}
    assert circle(graph) == []


def test_a_circle_of_imports_would_be_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c"]


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_asks_nobody_for_the_time_and_waits_for_nothing(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith)
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("now", "utcnow", "today"), f"line {node.lineno}: time is an argument"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("open", "print", "input", "hash", "id"), f"line {node.lineno}"


@pytest.mark.parametrize("path", [each for each in files() if part(each) in EDGES], ids=name_of)
def test_edges_do_not_know_each_other(path: Path) -> None:
    others = EDGES - {part(path)}
    assert not {own(name) for name in imports(path)} & others - allowed(part(path))


def allowed(edge: str) -> set[str]:
    """What an edge may know besides the core: pages show and search what the store keeps, and recordings have
    their index there."""
    return {"http": {"crm"}, "recordings": {"crm"}}.get(edge, set())


@pytest.mark.parametrize("path", list(files()), ids=name_of)
def test_each_library_has_one_owner(path: Path) -> None:
    for name in imports(path):
        owners = OWNERS.get(name.partition(".")[0])
        assert owners is None or part(path) in owners, f"{name} belongs to {' and '.join(owners)}"


@pytest.mark.parametrize("path", [each for each in files() if part(each) not in ASTERISK_EDGES], ids=name_of)
def test_asterisks_words_stay_in_asterisks_edges(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not ASTERISK_WORDS.findall(text), "here one says leg, call or bridge"


def test_every_test_file_has_a_name_of_its_own() -> None:
    """Two files of one name are one module to pytest: the second is not collected."""
    names = Counter(path.name for path in PACKAGE.parent.glob("tests/**/test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
