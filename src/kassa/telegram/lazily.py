"""aiogram's models, each built when it is first used.

aiogram builds all of its 600 models while it is imported, every one with all that it holds: that
takes 2 s and 100 MB, of which a bot uses a twentieth. Its models can be built later (they say
`defer_build`); only the loop at the end of aiogram.types insists. Here that loop only gives the
models' modules the names that they need, which they import for type checkers alone.
"""

import re
import sys
from inspect import get_annotations
from typing import Any

from pydantic import BaseModel

_WORD = re.compile(r"\w+")

_names: dict[str, Any] = {}
_real = BaseModel.model_rebuild.__func__  # type: ignore[attr-defined]


def _rebuild(
    cls: type[BaseModel],
    *,
    force: bool = False,
    raise_errors: bool = True,
    _parent_namespace_depth: int = 2,
    _types_namespace: Any = None,
) -> bool | None:
    if cls.__module__.startswith("aiogram."):
        if _types_namespace is not None and not force:
            _names.update(_types_namespace)
            module = vars(sys.modules[cls.__module__])
            for name in _mentioned(cls):
                if name in _types_namespace:
                    module.setdefault(name, _types_namespace[name])
            return None
        _types_namespace = _names
    answer: bool | None = _real(
        cls,
        force=force,
        raise_errors=raise_errors,
        _parent_namespace_depth=_parent_namespace_depth + 1,
        _types_namespace=_types_namespace,
    )
    return answer


def _mentioned(cls: type) -> set[str]:
    """In the types of its fields, inherited ones too."""
    own = [each for base in cls.__mro__ for each in get_annotations(base).values()]
    return set(_WORD.findall(" ".join(map(str, own))))


def install() -> None:
    """Before aiogram is imported; afterwards it changes nothing."""
    BaseModel.model_rebuild = classmethod(_rebuild)  # type: ignore[assignment,method-assign]


def build() -> None:
    """What nearly every update needs, so that the first one does not wait for it."""
    from aiogram.methods import AnswerCallbackQuery, EditMessageText, SendMessage
    from aiogram.types import CallbackQuery, Message, Update

    for heard in (Update, Message, CallbackQuery):
        heard.model_rebuild()
    for said in (SendMessage, EditMessageText, AnswerCallbackQuery):
        said.model_rebuild()
