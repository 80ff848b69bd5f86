"""aiogram's models, built when they are used: in a process of its own, since others have built
them here already."""

import subprocess
import sys

PROGRAM = """
import kassa.telegram
import aiogram
import aiogram.methods
import aiogram.types
from aiogram.types import Update

assert not Update.__pydantic_complete__, "built while it was imported"
raw = {"update_id": 1, "message": {"message_id": 1, "date": 1, "text": "x",
       "chat": {"id": 1, "type": "private"}, "entities": [
       {"type": "text_mention", "offset": 0, "length": 1,
        "user": {"id": 2, "is_bot": False, "first_name": "y"}}]}}
message = Update.model_validate(raw).message
assert message.entities[0].user.first_name == "y"
assert message.answer("z").model_dump(warnings=False)["text"] == "z"
from pydantic import TypeAdapter
stars = TypeAdapter(aiogram.types.StarTransactions).validate_python({"transactions": []})
assert stars.transactions == []
few = sum(getattr(each, "__pydantic_complete__", True) is True
          for each in map(aiogram.types.__dict__.get, aiogram.types.__all__))
assert few < 100, few
for name in aiogram.methods.__all__:  # what answers are read with, in any order
    method = getattr(aiogram.methods, name)
    if isinstance(getattr(method, "__api_method__", None), str):
        assert TypeAdapter(method.__returning__).rebuild() is not False, name
for module in (aiogram.types, aiogram.methods):
    for name in module.__all__:
        model = getattr(module, name)
        if hasattr(model, "model_rebuild"):
            model.model_rebuild()
            assert model.__pydantic_complete__, name
"""


def test_each_model_is_built_when_it_is_used() -> None:
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
