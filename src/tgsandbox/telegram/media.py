"""Photos, voices, documents: from what a call gives to what a message shows."""

from dataclasses import dataclass
from typing import Any

from tgsandbox.telegram import files, probe
from tgsandbox.telegram.args import Upload
from tgsandbox.telegram.calls import Call
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.fields import FieldError, flag, string
from tgsandbox.telegram.records import Json, StoredFile
from tgsandbox.telegram.sending import captioned, formatted_text

ALONE = ("audio", "document")  # go into albums of their own kind only
EDITABLE = ("animation", "document", "audio", "photo", "video")


@dataclass(frozen=True, slots=True)
class Item:
    """A medium as it comes, alone or as one of an album."""

    kind: str
    file: StoredFile
    thumbnail: StoredFile | None
    about: Json
    spoiler: bool = False

    def body(self) -> Json:
        if self.kind == "photo":
            found: Json = {"photo": [files.photo_size(self.file)]}
        else:
            shown = files.described(self.file, self.thumbnail) | _known(self.kind, self.about)
            found = {self.kind: shown}
            if self.kind == "animation":
                found["document"] = {each: shown[each] for each in shown if each not in _OF_FILMS}
        if self.spoiler and self.kind in ("photo", "video", "animation"):
            found["has_media_spoiler"] = True
        return found


def from_call(call: Call, kind: str) -> Item:
    """The medium in the field of its own name, as in sendPhoto."""
    args = call.args
    file = take(call, kind, args.text(kind), args.upload(kind))
    about: Json = {name: args.text(name) for name in _ABOUT if name in args}
    thumbnail = _thumbnail(call, args.upload("thumbnail"))
    return Item(kind, file, thumbnail, about, args.flag("has_spoiler"))


def from_json(call: Call, value: Any, *, album: bool = False) -> tuple[Item, Json]:
    """An InputMedia with its caption."""
    try:
        return _read(call, value, album=album)
    except FieldError as error:
        raise bad_request(f"can't parse InputMedia: {error}") from None


def _read(call: Call, value: Any, *, album: bool) -> tuple[Item, Json]:
    if not isinstance(value, dict):
        raise FieldError("expected an Object")
    text, mode = string(value, "caption", ""), string(value, "parse_mode", "")
    caption = captioned(*formatted_text(call, text, mode, value.get("caption_entities")))
    if flag(value, "show_caption_above_media") and caption:
        caption["show_caption_above_media"] = True
    about = {name: string(value, name) for name in _ABOUT if name in value}
    spoiler = flag(value, "has_spoiler")
    given = string(value, "media", "")
    upload = call.args.attached(given)
    if not given or (given.startswith("attach://") and upload is None):
        raise FieldError("media not found")
    thumbnail = call.args.attached(string(value, "thumbnail", ""))
    kind = string(value, "type")
    if album and kind == "animation":
        raise FieldError('type "animation" can\'t be used in sendMediaGroup')
    if kind not in EDITABLE:
        raise FieldError(f'type "{kind}" is unsupported')
    file = take(call, kind, given, upload)
    return Item(kind, file, _thumbnail(call, thumbnail), about, spoiler), caption


def goes_with(kind: str, other: str) -> bool:
    """Whether media of the two kinds may be in one album."""
    return kind == other or {kind, other} == {"photo", "video"}


def take(call: Call, kind: str, given: str, upload: Upload | None) -> StoredFile:
    """The file: one that is uploaded, fetched from an address, or known by its id."""
    if upload is not None:
        return _store(call, kind, upload)
    if fetched := call.args.files.get(given):
        return _stored_from_web(call, kind, fetched)
    if not given or given.startswith("attach://"):
        raise bad_request(f"there is no {kind.replace('_', ' ')} in the request")
    if given.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")
    stored = call.world.files.find(given)
    if stored is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if stored.type != kind and {stored.type, kind} != {"animation", "document"}:
        raise bad_request(f"can't use file of type {_named(stored.type)} as {_named(kind)}")
    return stored


def _stored_from_web(call: Call, kind: str, fetched: Upload) -> StoredFile:
    if not fetched.content or (kind == "photo" and probe.picture(fetched.content) is None):
        raise bad_request("wrong type of the web page content")
    return _store(call, kind, fetched)


def _store(call: Call, kind: str, upload: Upload) -> StoredFile:
    if not upload.content:
        raise bad_request("file must be non-empty")
    if kind == "photo":
        size, most = len(upload.content), files.PHOTO_LIMIT
        if size > most:
            said = f"file of size {size} bytes is too big for a photo"
            raise bad_request(f"{said}; the maximum size is {most} bytes")
        files.check_photo(upload.content)
    name = None if kind in ("photo", "voice", "video_note", "sticker") else upload.name
    guess = upload.type if kind in ("document", "audio", "sticker") else None
    return call.world.files.add(kind, upload.content, name=name, mime=guess)


def _thumbnail(call: Call, upload: Upload | None) -> StoredFile | None:
    if upload is None or probe.picture(upload.content) is None:
        return None  # one that cannot be shown is left out
    return call.world.files.add("thumbnail", upload.content)


_ABOUT = ("duration", "width", "height", "length", "performer", "title", "emoji")
_LONGEST, _WIDEST = 86_400, 10_000
_OF_FILMS = ("width", "height", "duration")  # and not of documents
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
            found[name] = min(int(given[:10]), _LONGEST if name == "duration" else _WIDEST)
    return found


def _named(kind: str) -> str:
    if kind == "voice":
        return "VoiceNote"
    return "".join(part.capitalize() for part in kind.split("_"))
