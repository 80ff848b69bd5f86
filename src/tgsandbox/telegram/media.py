"""Photos, voices, documents: from what a call gives to what a message shows."""

from dataclasses import dataclass
from typing import Any

from tgsandbox.telegram import files
from tgsandbox.telegram.args import Upload
from tgsandbox.telegram.calls import Call
from tgsandbox.telegram.errors import ApiError, bad_request
from tgsandbox.telegram.records import Json, StoredFile
from tgsandbox.telegram.sending import captioned, formatted_text

GROUPS = {"photo": "visual", "video": "visual", "audio": "audio", "document": "document"}
EDITABLE = ("animation", "document", "audio", "photo", "video")


@dataclass(frozen=True, slots=True)
class Item:
    """A medium as it comes, alone or as one of an album."""

    kind: str
    file: StoredFile
    thumbnail: StoredFile | None
    about: Json

    def body(self) -> Json:
        if self.kind == "photo":
            found: Json = {"photo": [files.photo_size(self.file)]}
        else:
            shown = files.described(self.file, self.thumbnail) | _known(self.kind, self.about)
            found = {self.kind: shown}
            if self.kind == "animation":
                found["document"] = files.described(self.file) | {}
        if self.about.get("has_spoiler") in (True, "true") and self.kind != "document":
            found["has_media_spoiler"] = True
        return found


def from_call(call: Call, kind: str) -> Item:
    """The medium in the field of its own name, as in sendPhoto."""
    args = call.args
    file = take(call, kind, args.text(kind), args.upload(kind))
    about = {name: args.text(name) for name in _ABOUT if name in args}
    return Item(kind, file, _thumbnail(call, args.upload("thumbnail")), about)


def from_json(call: Call, value: Any) -> tuple[Item, Json]:
    """An InputMedia with its caption."""
    if not isinstance(value, dict):
        raise bad_request("can't parse InputMedia: expected an Object")
    kind, given = value.get("type"), value.get("media")
    if not isinstance(kind, str) or kind not in EDITABLE:
        raise bad_request("can't parse InputMedia: type must be one of the known")
    if not isinstance(given, str) or not given:
        raise bad_request("can't parse InputMedia: media not found")
    about = {name: str(value[name]) for name in _ABOUT if value.get(name) is not None}
    if value.get("has_spoiler") is True:
        about["has_spoiler"] = "true"
    file = take(call, kind, given, call.args.attached(given))
    thumbnail = value.get("thumbnail")
    attached = call.args.attached(thumbnail) if isinstance(thumbnail, str) else None
    item = Item(kind, file, _thumbnail(call, attached), about)
    return item, caption_of(call, value)


def caption_of(call: Call, value: Json) -> Json:
    caption, mode = value.get("caption") or "", value.get("parse_mode") or ""
    if not isinstance(caption, str) or not isinstance(mode, str):
        raise bad_request("can't parse InputMedia: caption must be a String")
    given = value.get("caption_entities") or None
    body = captioned(*formatted_text(call, caption, mode, given))
    if body and value.get("show_caption_above_media") is True:
        body["show_caption_above_media"] = True
    return body


def take(call: Call, kind: str, given: str, upload: Upload | None) -> StoredFile:
    """The file: one that is uploaded, fetched from an address, or known by its id."""
    upload = upload or call.args.files.get(given)
    if upload is not None:
        return _store(call, kind, upload)
    if not given:
        raise bad_request(f"there is no {kind.replace('_', ' ')} in the request")
    if given.startswith("attach://"):
        raise bad_request("wrong file identifier/HTTP URL specified")
    if given.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")
    stored = call.world.files.find(given)
    if stored is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if stored.type != kind and {stored.type, kind} != {"animation", "document"}:
        raise bad_request(f"can't use file of type {_named(stored.type)} as {_named(kind)}")
    return stored


def _store(call: Call, kind: str, upload: Upload) -> StoredFile:
    if not upload.content:
        raise bad_request("file must be non-empty")
    if kind == "photo":
        if len(upload.content) > files.PHOTO_LIMIT:
            raise ApiError(413, "Request Entity Too Large")
        files.check_photo(upload.content)
    name = None if kind in ("photo", "voice", "video_note", "sticker") else upload.name
    guess = upload.type if kind in ("document", "audio", "sticker") else None
    return call.world.files.add(kind, upload.content, name=name, mime=guess)


def _thumbnail(call: Call, upload: Upload | None) -> StoredFile | None:
    if upload is None or not upload.content:
        return None
    files.check_photo(upload.content)
    return call.world.files.add("thumbnail", upload.content)


_ABOUT = ("duration", "width", "height", "length", "performer", "title", "has_spoiler", "emoji")
_OF = {
    "voice": ("duration",),
    "audio": ("duration", "performer", "title"),
    "video": ("duration", "width", "height"),
    "animation": ("duration", "width", "height"),
    "video_note": ("duration", "length"),
    "sticker": ("emoji",),
}


def _known(kind: str, about: Json) -> Json:
    """What the sender says of the file goes before what its bytes tell."""
    found: Json = {}
    for name in _OF.get(kind, ()):
        given = about.get(name)
        if not given:
            continue
        if name in ("performer", "title", "emoji"):
            found[name] = given
        elif given.isdecimal() and int(given[:10]) > 0:
            found[name] = int(given[:10])
    return found


def _named(kind: str) -> str:
    return "".join(part.capitalize() for part in kind.split("_"))
