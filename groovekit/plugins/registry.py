"""Registries: objects by name, from groovekit, decorators and installed packages.

A name comes from one of three places, and none may take it from another:

* groovekit's own table, ``name -> "module:attribute"``, imported on first use;
* a decorator that ran in this process;
* an entry point of an installed package, found in its metadata and imported
  when the name is used, not before.

Set ``GROOVEKIT_PLUGINS=0`` to leave installed packages out: the first thing to
try when something breaks.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import inspect
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from groovekit.errors import (
    DuplicateNameError,
    PluginLoadError,
    PluginNameError,
    UnknownNameError,
    install_command,
    suggest,
)

T = TypeVar("T")
S = TypeVar("S")

_OWN_PACKAGE = "groovekit"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*")


@dataclasses.dataclass(frozen=True)
class Entry:
    """Where a registered name comes from; made without importing anything.

    Attributes:
      name: the registered name.
      origin: ``"module:attribute"`` (a folder for groovekit's own presets).
      package: the distribution that offers it, e.g. ``"swing-kit"``.
      version: that distribution's version; None when there is none.
      builtin: whether it is groovekit's own.
      problem: why the name cannot be used, or None.
    """

    name: str
    origin: str
    package: str
    version: str | None
    builtin: bool
    problem: str | None = None

    def __str__(self) -> str:
        return f"{self.origin} ({' '.join(filter(None, (self.package, self.version)))})"


def plugins_enabled() -> bool:
    """Whether installed packages may add names (``GROOVEKIT_PLUGINS`` is not 0)."""
    return os.environ.get("GROOVEKIT_PLUGINS", "1") != "0"


def import_target(target: str) -> Any:
    """Imports ``"module:attribute"``; the attribute may be dotted.

    Raises:
      ImportError: there is no such module.
      AttributeError: the module has no such attribute.
    """
    module, _, attribute = target.partition(":")
    found: Any = importlib.import_module(module)
    for part in filter(None, attribute.split(".")):
        found = getattr(found, part)
    return found


def check_name(name: str, *, kind: str) -> None:
    """Raises PluginNameError unless ``name`` has only the characters allowed."""
    if not _NAME.fullmatch(name):
        raise PluginNameError(
            f"{kind} name {name!r} is not a valid name. Use lower-case letters, "
            "digits, '_' and '-', with a dot between package and name, such as "
            "'package.name'."
        )


_EntryPoints = tuple[importlib.metadata.EntryPoint, ...]


class _Scan:
    """Entry points of all packages, read once.

    A scan is made anew when the search path or its modification times have changed, so
    that a package installed meanwhile (in a notebook) is found.
    """

    def __init__(self) -> None:
        self._key: object = None
        self._groups: dict[str, _EntryPoints] = {}

    def of(self, group: str) -> _EntryPoints:
        """The entry points of a group."""
        key = tuple((path, _modified(path)) for path in sys.path)
        if self._key != key:
            self._found = importlib.metadata.entry_points()
            self._key, self._groups = key, {}
        if group not in self._groups:
            self._groups[group] = tuple(self._found.select(group=group))
        return self._groups[group]


_scan = _Scan()


def _entry_points(group: str) -> _EntryPoints:
    return _scan.of(group) if plugins_enabled() else ()


def _modified(path: str) -> int:
    try:
        return Path(path or ".").stat().st_mtime_ns
    except OSError:
        return 0


class Registry(Generic[T]):
    """Objects of one kind by name. See the module's docstring for the rules.

    Args:
      kind: what is registered, in the singular, for messages: ``"converter"``.
      group: entry-point group, e.g. ``"groovekit.converters"``.
      builtins: groovekit's own names, each with its ``"module:attribute"``.
      check: raises TypeError for an object of the wrong kind.
      load_builtin: turns a value of ``builtins`` into the object.
    """

    def __init__(
        self,
        kind: str,
        group: str,
        builtins: Mapping[str, str] | None = None,
        *,
        check: Callable[[Any], None] | None = None,
        load_builtin: Callable[[str], T] = import_target,
    ) -> None:
        self.kind = kind
        self.group = group
        self._builtins = dict(builtins or {})
        self._check = check
        self._load_builtin = load_builtin
        self._decorated: dict[str, T] = {}
        self._modules: dict[str, str] = {}
        self._loaded: dict[tuple[str, str], T] = {}
        self._warned: set[tuple[str, str]] = set()

    # Registering ---------------------------------------------------------------

    def register(self, name: str) -> Callable[[S], S]:
        """Returns a decorator that registers its object under ``name``.

        It has to be the outermost one: ``dataclass(slots=True)`` makes a new
        class. The same object may register again, also after a reload.

        Args:
          name: ``"package.name"``; names without a dot belong to groovekit.

        Raises:
          PluginNameError: the name has no dot or characters that are not allowed.
          DuplicateNameError: the name is taken by another object.
          TypeError: the object is not of the registry's kind.
        """
        check_name(name, kind=self.kind)
        # An instance (a kit map, a path) does not know its module; the caller does.
        caller = str(sys._getframe(1).f_globals.get("__name__", "__main__"))

        def decorate(found: S) -> S:
            module = _module_of(found, caller)
            self._refuse_taken(name, found, module)
            root = module.partition(".")[0]
            if "." not in name and root != _OWN_PACKAGE:
                raise PluginNameError(self._undotted(name, root))
            if self._check is not None:
                self._check(found)
            self._decorated[name] = cast("T", found)
            self._modules[name] = module
            return found

        return decorate

    def _refuse_taken(self, name: str, found: object, module: str) -> None:
        origin = _origin(found, module)
        taken_by = None
        if name in self._builtins:
            if self._builtins[name] != origin:
                taken_by = self._builtins[name]
        elif name in self._decorated and not _same(self._decorated[name], found):
            taken_by = _origin(self._decorated[name], self._modules[name])
        if taken_by is not None:
            raise DuplicateNameError(
                f"{self.kind} name {name!r} is already taken by {taken_by}; cannot "
                f"give it to {origin}. Choose another name."
            )

    def _undotted(self, name: str, root: str) -> str:
        prefix = "my" if root == "__main__" else root.lower()
        return (
            f"{self.kind} name {name!r} has no dot: such names belong to groovekit. "
            f"Call it {f'{prefix}.{name}'!r}."
        )

    # Looking up ----------------------------------------------------------------

    def names(self) -> list[str]:
        """Every name that can be asked for, sorted. Imports nothing."""
        return sorted(
            {
                *self._builtins,
                *self._decorated,
                *(n for n in self._offers() if "." in n),
            }
        )

    def own_names(self) -> list[str]:
        """Groovekit's own names, in the order of its table."""
        return list(self._builtins)

    def get(self, name: str) -> T:
        """Returns the object called ``name``, importing it if need be.

        Raises:
          UnknownNameError: no such name; close ones are suggested.
          DuplicateNameError: several packages offer the name.
          PluginNameError: a package offers it without the ``package.`` prefix.
          PluginLoadError: the plug-in fails to import.
        """
        offers = self._offers().get(name, ())
        if name in self._builtins:
            return self._load_builtin(self._builtins[name])
        if len(offers) > 1:
            raise DuplicateNameError(self._several(name, map(_entry_of, offers)))
        if offers:
            return self._load(name, offers[0])
        if name in self._decorated:
            return self._decorated[name]
        raise UnknownNameError(suggest(name, self.names(), kind=self.kind))

    def _load(self, name: str, point: importlib.metadata.EntryPoint) -> T:
        entry = _entry_of(point)
        if "." not in name:
            raise PluginNameError(self._undotted(name, _root(point)) + f" ({entry})")
        check_name(name, kind=self.kind)
        key = (name, point.value)
        if key not in self._loaded:
            try:
                found = point.load()
                if self._check is not None:
                    self._check(found)
            # Whatever a plug-in does while it is imported is its own fault;
            # SystemExit too, or `import` alone could end a command.
            except (Exception, SystemExit) as error:
                advice = (
                    f"Update or uninstall {entry.package}, or set GROOVEKIT_PLUGINS=0."
                )
                if isinstance(error, ModuleNotFoundError) and error.name == "keras":
                    advice = f"It needs Keras: {install_command('tensorflow')}."
                raise PluginLoadError(
                    f"{self.kind} {name!r} comes from {entry}, which failed to "
                    f"import: {type(error).__name__}: {error}. {advice}"
                ) from error
            self._loaded[key] = found
        found = self._loaded[key]
        if name in self._decorated and not _same(self._decorated[name], found):
            raise DuplicateNameError(
                self._several(name, (self._decorated_entry(name), entry))
            )
        return found

    def _several(self, name: str, entries: Iterable[Entry]) -> str:
        return (
            f"{self.kind} name {name!r} is offered by several packages: "
            f"{', '.join(sorted(map(str, entries)))}. Uninstall or rename all but one."
        )

    def name_of(self, found: object) -> str:
        """Returns the registered name of a registered object or its instance.

        Raises:
          UnknownNameError: it is not registered.
        """
        candidates = [found] if _is_definition(found) else [found, type(found)]
        for candidate in candidates:
            for name, known in self._decorated.items():
                if _same(known, candidate):
                    return name
            origin = _origin(candidate, "")
            for name, target in self._builtins.items():
                if target == origin:
                    return name
            installed = self._installed_name_of(candidate)
            if installed is not None:
                return installed
        shown = _origin(candidates[-1], "") or repr(found)
        raise UnknownNameError(
            f"{shown} is not a registered {self.kind}. Register it with "
            f"@groovekit.register_{self.kind.replace(' ', '_')}('package.name')."
        )

    def _installed_name_of(self, found: object) -> str | None:
        root = _module_of(found, "").partition(".")[0]
        for name, points in self._offers().items():
            if name in self._builtins or len(points) > 1 or _root(points[0]) != root:
                continue
            if _same(self._load(name, points[0]), found):
                return name
        return None

    # Reporting -----------------------------------------------------------------

    def describe(self, name: str) -> Entry:
        """Says where ``name`` comes from and what is wrong with it. Imports nothing.

        Raises:
          UnknownNameError: no such name; close ones are suggested.
        """
        for entry in self.entries():
            if entry.name == name:
                return entry
        raise UnknownNameError(suggest(name, self.names(), kind=self.kind))

    def entries(self) -> list[Entry]:
        """Everything registered or offered, sorted by name, groovekit's own first.

        Unlike :meth:`names` it holds offers that cannot be used, with the
        ``problem``. Imports nothing.
        """
        own = _version(_OWN_PACKAGE)
        found = [
            Entry(name, target, _OWN_PACKAGE, own, builtin=True)
            for name, target in self._builtins.items()
        ]
        offers = self._offers()
        for name, points in offers.items():
            for point in points:
                problem = self._problem(name, point, points)
                found.append(dataclasses.replace(_entry_of(point), problem=problem))
        found += [
            self._decorated_entry(name)
            for name in self._decorated
            if name not in offers and name not in self._builtins
        ]
        return sorted(found, key=lambda e: (e.name, not e.builtin, e.package, e.origin))

    def _problem(
        self, name: str, point: importlib.metadata.EntryPoint, points: _EntryPoints
    ) -> str | None:
        if name in self._builtins:
            return f"{name!r} is groovekit's own {self.kind} and stays so"
        if "." not in name:
            return self._undotted(name, _root(point))
        if not _NAME.fullmatch(name):
            return f"{name!r} is not a valid name"
        if len(points) > 1:
            return self._several(name, map(_entry_of, points))
        return None

    def _decorated_entry(self, name: str) -> Entry:
        module = self._modules[name]
        root = module.partition(".")[0]
        origin = _origin(self._decorated[name], module)
        return Entry(name, origin, root, _version(root), builtin=False)

    def _offers(self) -> dict[str, _EntryPoints]:
        """Entry points by name; warns once of each that claims a built-in's name."""
        offers: dict[str, _EntryPoints] = {}
        for point in _entry_points(self.group):
            earlier = offers.get(point.name, ())
            same = any(
                p.value == point.value and _package(p) == _package(point)
                for p in earlier
            )
            if not same:
                offers[point.name] = (*earlier, point)
        for name in self._builtins.keys() & offers.keys():
            for point in offers[name]:
                if (name, point.value) not in self._warned:
                    self._warned.add((name, point.value))
                    warnings.warn(
                        f"{_entry_of(point)} offers a {self.kind} called {name!r}, "
                        "which is groovekit's own; groovekit's is used.",
                        stacklevel=3,
                    )
        return offers


def _version(package: str) -> str | None:
    """A distribution's version; None where only its modules are on the path."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _entry_of(point: importlib.metadata.EntryPoint) -> Entry:
    version = point.dist.version if point.dist is not None else None
    return Entry(point.name, point.value, _package(point), version, builtin=False)


def _package(point: importlib.metadata.EntryPoint) -> str:
    return (point.dist.name if point.dist is not None else None) or "unknown package"


def _root(point: importlib.metadata.EntryPoint) -> str:
    return point.value.partition(":")[0].partition(".")[0].strip()


def _is_definition(found: object) -> bool:
    return isinstance(found, type) or inspect.isroutine(found)


def _module_of(found: object, caller: str) -> str:
    if _is_definition(found):
        return str(getattr(found, "__module__", None) or caller)
    return caller


def _origin(found: object, caller: str) -> str:
    """``"module:attribute"`` of a class or function; instances show their type."""
    module = _module_of(found, caller)
    if _is_definition(found):
        return f"{module}:{getattr(found, '__qualname__', '?')}"
    return f"{module}:<{type(found).__name__}>" if module else ""


def _same(first: object, second: object) -> bool:
    """Whether two objects are one, or one definition before and after a reload."""
    if first is second:
        return True
    if not (_is_definition(first) and _is_definition(second)):
        return bool(first == second)
    origin = _origin(first, "")
    return origin == _origin(second, "") and "<" not in origin
