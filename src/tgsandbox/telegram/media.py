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
class About:
    """What the sender says of a file, and its thumbnail."""

    words: Json
    thumbnail: Upload | None


@dataclass(frozen=True, slots=True)
class Item:
    """A medium as it comes, alone or as one of an album."""

    kind: str
    file: StoredFile
    spoiler: bool = False

    def body(self) -> Json:
        if self.kind == "photo":
            found: Json = {"photo": [files.photo_size(self.file)]}
        else:
            shown = files.described(self.file)
            found = {self.kind: shown}
            if self.kind == "animation":
                found["document"] = {each: shown[each] for each in shown if each not in _OF_FILMS}
        if self.spoiler and self.kind in ("photo", "video", "animation"):
            found["has_media_spoiler"] = True
        return found


def from_call(call: Call, kind: str) -> Item:
    """The medium in the field of its own name, as in sendPhoto."""
    args = call.args
    said = About({name: args.text(name) for name in _ABOUT if name in args}, args.upload(_SMALL))
    file = take(call, kind, args.text(kind), args.upload(kind), said)
    return Item(kind, file, args.flag("has_spoiler"))


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
    words = {name: string(value, name) for name in _ABOUT if name in value}
    spoiler = flag(value, "has_spoiler")
    given = string(value, "media", "")
    upload = call.args.attached(given)
    if not given or (given.startswith("attach://") and upload is None):
        raise FieldError("media not found")
    said = About(words, call.args.attached(string(value, _SMALL, "")))
    kind = string(value, "type")
    if album and kind == "animation":
        raise FieldError('type "animation" can\'t be used in sendMediaGroup')
    if kind not in EDITABLE:
        raise FieldError(f'type "{kind}" is unsupported')
    return Item(kind, take(call, kind, given, upload, said), spoiler), caption


def goes_with(kind: str, other: str) -> bool:
    """Whether media of the two kinds may be in one album."""
    return kind == other or {kind, other} == {"photo", "video"}


def take(call: Call, kind: str, given: str, upload: Upload | None, about: About) -> StoredFile:
    """The file: one that is uploaded, fetched from an address, or known by its id. What is
    said of one that is known already is not listened to."""
    if upload is not None:
        return _store(call, kind, upload, about)
    if fetched := call.args.files.get(given):
        return _stored_from_web(call, kind, fetched, about)
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


def _stored_from_web(call: Call, kind: str, fetched: Upload, about: About) -> StoredFile:
    if not fetched.content or (kind == "photo" and probe.picture(fetched.content) is None):
        raise bad_request("wrong type of the web page content")
    return _store(call, kind, fetched, about)


def _store(call: Call, kind: str, upload: Upload, about: About) -> StoredFile:
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
    stored = call.world.files.add(kind, upload.content, name=name, mime=guess)
    _tell(call, stored, about)
    return stored


def _tell(call: Call, stored: StoredFile, about: About) -> None:
    """What the sender says of the file goes before what its bytes tell."""
    for name, value in _known(stored.type, about.words).items():
        setattr(stored, name, value)
    small = about.thumbnail
    if small and probe.picture(small.content):  # one that cannot be shown is left out
        stored.thumbnail = files.photo_size(call.world.files.add("thumbnail", small.content))
    call.world.save(stored)


_SMALL = "thumbnail"
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
    found: Json = {}
    for name in _OF.get(kind, ()):
        given = about.get(name)
        if not given:
            continue
        if name in ("performer", "title", "emoji"):
            found[name] = given
        elif given.isdecimal() and int(given[:10]) > 0:
            number = min(int(given[:10]), _LONGEST if name == "duration" else _WIDEST)
            found["width" if name == "length" else name] = number
    return found


def _named(kind: str) -> str:
    if kind == "voice":
        return "VoiceNote"
    return "".join(part.capitalize() for part in kind.split("_"))
