"""Sending photos, voices, documents, albums; paid media; getting files."""

from tgsandbox.telegram import files
from tgsandbox.telegram.calls import METHODS, Call, Method, method
from tgsandbox.telegram.errors import ApiError, bad_request
from tgsandbox.telegram.media import ALONE, Item, from_call, from_json
from tgsandbox.telegram.methods.messages import sent
from tgsandbox.telegram.records import Json
from tgsandbox.telegram.sending import caption_body, envelope, put, send

KINDS = (
    "photo",
    "document",
    "voice",
    "audio",
    "video",
    "animation",
    "video_note",
    "sticker",
)
MOST_IN_ALBUM = 10
PAID_MEDIA_MOST_STARS = 25_000


def _sending(kind: str) -> Method:
    def send_one(call: Call) -> Json:
        body = from_call(call, kind).body()
        if kind not in ("sticker", "video_note"):
            body |= caption_body(call)
        return sent(call, send(call, body))

    return send_one


for _kind in KINDS:  # sendPhoto, sendVideoNote, ...
    METHODS[f"send{_kind.replace('_', '')}"] = _sending(_kind)


@method
def send_media_group(call: Call) -> list[Json]:
    items = _album(call)
    into = envelope(call, keyboard=False)
    if call.world.limits.on:
        call.world.limits.spend(call.bot.id, into.chat.id, len(items))
    album = str(call.world.random.getrandbits(53) + 10**16) if len(items) > 1 else None
    messages = [
        put(call, into, item.body() | caption, album=album, spend=False) for item, caption in items
    ]
    return [sent(call, each) for each in messages]


def _album(call: Call) -> list[tuple[Item, Json]]:
    call.args.required("media")
    given = call.args.json("media", "media")
    if not isinstance(given, list):
        raise bad_request("expected an Array of InputMedia")
    if len(given) > MOST_IN_ALBUM:
        raise bad_request("too many messages to send as an album")
    if not given:
        raise bad_request("there are no messages to send")
    items = [_one_of_album(call, position, each) for position, each in enumerate(given, 1)]
    kinds = {item.kind for item, _ in items}
    for kind in ALONE:
        if kind in kinds and len(kinds) > 1:
            raise bad_request(f"{kind} can't be mixed with other media types")
    above = "show_caption_above_media"
    if len({above in caption for item, caption in items if "caption" in caption}) > 1:
        raise bad_request(f"parameter {above} must be the same for all messages")
    return items


def _one_of_album(call: Call, position: int, given: object) -> tuple[Item, Json]:
    """What Telegram itself refuses is told with its place in the album."""
    try:
        return from_json(call, given, album=True)
    except ApiError as error:
        said = error.description.removeprefix("Bad Request: ")
        if said not in _REFUSED_LATER:
            raise
        said = _REFUSED_LATER[said]
        raise bad_request(
            f'failed to send message #{position} with the error message "{said}"'
        ) from None


_REFUSED_LATER = {  # and how it is called there
    "IMAGE_PROCESS_FAILED": "IMAGE_PROCESS_FAILED",
    "PHOTO_INVALID_DIMENSIONS": "PHOTO_INVALID_DIMENSIONS",
    "failed to get HTTP URL content": "WEBPAGE_CURL_FAILED",
    "wrong type of the web page content": "WEBPAGE_MEDIA_EMPTY",
}


@method
def send_paid_media(call: Call) -> Json:
    args = call.args
    stars = args.integer("star_count")
    payload = args.text("payload")
    args.required("media")
    given = args.json("media", "media")
    if not isinstance(given, list):
        raise bad_request("expected an Array of InputPaidMedia")
    if not 1 <= len(given) <= MOST_IN_ALBUM:
        raise bad_request("wrong number of paid media: it takes 1 to 10")
    items = [from_json(call, each)[0] for each in given]
    if any(item.kind not in ("photo", "video") for item in items):
        raise bad_request("can't parse InputPaidMedia: type must be photo or video")
    caption = caption_body(call)
    into = envelope(call)
    if not 1 <= stars <= PAID_MEDIA_MOST_STARS:
        raise bad_request("STARS_AMOUNT_INVALID")
    if len(payload.encode()) > 128:
        raise bad_request("PAYLOAD_INVALID")
    body: Json = {"paid_media": {"star_count": stars, "paid_media": [_paid(i) for i in items]}}
    message = put(call, into, body | caption)
    call.world.till.set_media_payload(message, payload)
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
