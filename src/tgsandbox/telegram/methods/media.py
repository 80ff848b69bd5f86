"""Sending photos, voices, documents, albums; paid media; getting files."""

from tgsandbox.telegram import files
from tgsandbox.telegram.calls import Call, method
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.media import GROUPS, Item, from_call, from_json
from tgsandbox.telegram.methods.messages import sent
from tgsandbox.telegram.records import Json
from tgsandbox.telegram.sending import caption_body, envelope, put, send
from tgsandbox.telegram.targets import chat_to_write

PAID_MEDIA_MOST_STARS = 25_000


def _send(call: Call, kind: str) -> Json:
    chat = chat_to_write(call)
    body = from_call(call, kind).body()
    if kind not in ("sticker", "video_note"):
        body |= caption_body(call)
    return sent(call, send(call, body, chat=chat))


@method
def send_photo(call: Call) -> Json:
    return _send(call, "photo")


@method
def send_document(call: Call) -> Json:
    return _send(call, "document")


@method
def send_voice(call: Call) -> Json:
    return _send(call, "voice")


@method
def send_audio(call: Call) -> Json:
    return _send(call, "audio")


@method
def send_video(call: Call) -> Json:
    return _send(call, "video")


@method
def send_animation(call: Call) -> Json:
    return _send(call, "animation")


@method
def send_video_note(call: Call) -> Json:
    return _send(call, "video_note")


@method
def send_sticker(call: Call) -> Json:
    return _send(call, "sticker")


@method
def send_media_group(call: Call) -> list[Json]:
    into = envelope(call)
    given = call.args.json("media", "media")
    if not isinstance(given, list):
        raise bad_request("can't parse media JSON object" if given else "media is empty")
    if not 2 <= len(given) <= 10:
        raise bad_request("wrong number of media in the album: it takes 2 to 10")
    items = [from_json(call, each) for each in given]
    kinds = {GROUPS.get(item.kind, "") for item, _ in items}
    if len(kinds) > 1 or "" in kinds:
        raise bad_request("can't use the media of the specified types in the album")
    if call.world.limits.on:
        call.world.limits.spend(call.bot.id, into.chat.id, len(items))
    album = str(call.world.random.getrandbits(53) + 10**16)
    messages = [
        put(call, into, item.body() | caption, album=album, spend=False) for item, caption in items
    ]
    return [sent(call, each) for each in messages]


@method
def send_paid_media(call: Call) -> Json:
    into = envelope(call)
    args = call.args
    stars = args.integer("star_count")
    if not 1 <= stars <= PAID_MEDIA_MOST_STARS:
        raise bad_request("STARS_AMOUNT_INVALID")
    payload = args.text("payload")
    if len(payload.encode()) > 128:
        raise bad_request("PAYLOAD_INVALID")
    given = args.json("media", "media")
    if not isinstance(given, list) or not 1 <= len(given) <= 10:
        raise bad_request("wrong number of paid media: it takes 1 to 10")
    items = [from_json(call, each)[0] for each in given]
    if any(item.kind not in ("photo", "video") for item in items):
        raise bad_request("can't parse InputPaidMedia: type must be photo or video")
    body: Json = {"paid_media": {"star_count": stars, "paid_media": [_paid(i) for i in items]}}
    message = put(call, into, body | caption_body(call))
    call.world.till.media_payloads[message.key] = payload
    return sent(call, message)


def _paid(item: Item) -> Json:
    shown = item.body()
    return {"type": item.kind, item.kind: shown[item.kind]}


@method
def get_file(call: Call) -> Json:
    given = call.args.text("file_id")
    if not given:
        raise bad_request("file_id not specified")
    stored = call.world.files.find(given)
    if stored is None:
        raise bad_request("invalid file_id")
    if stored.size > files.DOWNLOAD_LIMIT:
        raise bad_request("file is too big")
    return {**files.shown(stored), "file_path": stored.path}
