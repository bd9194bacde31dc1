"""The shell: the one page that is rendered here, and the built files that it loads."""

import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contactcenter.http.problems import Problem, not_found


class Shell:
    """The template and the built files of `web/`; read once, when the server starts."""

    def __init__(self, web_folder: Path, version: str) -> None:
        self._build = web_folder / "static" / "build"
        self._version = version
        manifest = self._build / "manifest.json"
        self._names: dict[str, str] = json.loads(manifest.read_text()) if manifest.exists() else {}
        environment = Environment(
            loader=FileSystemLoader(web_folder / "templates"), autoescape=True, undefined=StrictUndefined
        )
        self._template = environment.get_template("shell.html")

    def render(self, *, language: str, theme: str) -> str:
        """The page. Raises `Problem` 503 when the files have not been built."""
        if not self._names:
            raise Problem(503, "pages_not_built", "The pages are not built yet: run scripts/web.sh.")
        return self._template.render(
            language=language,
            theme=theme,
            script="/static/" + self._names["app.js"],
            style="/static/" + self._names["app.css"],
            icon="/static/" + self._names["icon.svg"],
        )

    def file(self, name: str) -> Path:
        """The built file of that name: only names from the build's own list lead anywhere."""
        if name not in self._names.values():
            raise not_found("file")
        return self._build / name
