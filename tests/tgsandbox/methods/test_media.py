"""Files: up, down, sent again by their ids, in albums."""

import base64
import json
from typing import Any

import pytest

from tests.tgsandbox.methods.place import Json, Place, png

KINDS = ("photo", "document", "voice", "audio", "video", "animation", "video_note", "sticker")
METHODS = {kind: "send" + kind.title().replace("_", "") for kind in KINDS}
NAMES = {"voice": "VoiceNote", "video_note": "VideoNote"}
CONTENT = {"photo": png(), "sticker": png(512, 512)}


async def send(place: Place, kind: str, **args: object) -> Json:
    content = CONTENT.get(kind, b"content")
    sent: Json = await place.call(
        METHODS[kind], chat_id=place.buyer.id, files={kind: content}, **args
    )
    return sent


def file_of(sent: Json, kind: str) -> Json:
    found: Json = sent["photo"][-1] if kind == "photo" else sent[kind]
    return found


@pytest.mark.parametrize("kind", KINDS)
async def test_a_file_goes_up_down_and_out_again(place: Place, kind: str) -> None:
    sent = await send(place, kind, caption="Вот")
    file = file_of(sent, kind)
    assert file["file_size"] == len(CONTENT.get(kind, b"content"))
    assert sent.get("caption") == (None if kind in ("sticker", "video_note") else "Вот")

    told = await place.call("getFile", file_id=file["file_id"])
    assert told["file_unique_id"] == file["file_unique_id"]
    down = await place.http.get(f"/file/bot{place.bot.token}/{told['file_path']}")
    assert (down.status_code, down.content) == (200, CONTENT.get(kind, b"content"))

    again = await place.call(METHODS[kind], chat_id=place.buyer.id, **{kind: file["file_id"]})
    assert file_of(again, kind)["file_unique_id"] == file["file_unique_id"]
    assert len(place.tg.world.files.known) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_no_file_is_refused(place: Place, kind: str) -> None:
    async def refused(**args: Any) -> str:
        return await place.refused(METHODS[kind], chat_id=place.buyer.id, **args)

    named = kind.replace("_", " ")
    missing = f"400 Bad Request: there is no {named} in the request"
    wrong = "400 Bad Request: wrong file identifier/HTTP URL specified"
    assert await refused() == missing
    assert await refused(**{kind: "attach://x"}) == missing
    assert await refused(**{kind: "AgAD"}) == wrong
    assert await refused(files={kind: b""}) == "400 Bad Request: file must be non-empty"
    assert await refused(**{kind: "http://127.0.0.1:1/a.jpg"}) == (
        "400 Bad Request: failed to get HTTP URL content"
    )
    other = "voice" if kind != "voice" else "photo"
    file_id = file_of(await send(place, other), other)["file_id"]
    said = [NAMES.get(each, each.title()) for each in (other, kind)]
    assert await refused(**{kind: file_id}) == (
        f"400 Bad Request: can't use file of type {said[0]} as {said[1]}"
    )


async def test_what_the_sender_says_of_a_file(place: Place) -> None:
    audio = await send(
        place, "audio", title="Чай", performer="Самовар", duration=7, thumbnail="attach://t"
    )
    told = {name: audio["audio"][name] for name in ("title", "performer", "duration")}
    assert told == {"title": "Чай", "performer": "Самовар", "duration": 7}
    video = await send(place, "video", width=99999, height=20, duration=10**9, has_spoiler="1")
    shown = video["video"]
    assert (shown["width"], shown["height"], shown["duration"]) == (10_000, 20, 86_400)
    assert video["has_media_spoiler"] is True


async def test_what_was_said_of_a_file_stays_with_it(place: Place) -> None:
    """Sent again by its id: what is said of it then is not listened to, as with Telegram."""
    to = {"chat_id": place.buyer.id}
    files = {"audio": b"music", "mini": png(20, 10)}
    said = {"title": "Чай", "performer": "Самовар", "duration": 7, "thumbnail": "attach://mini"}
    first = (await place.call("sendAudio", **to, **said, files=files))["audio"]
    assert (first["title"], first["performer"], first["duration"]) == ("Чай", "Самовар", 7)
    again = await place.call("sendAudio", **to, audio=first["file_id"], title="Кофе", duration=9)
    assert again["audio"] == first
    media = [{"type": "audio", "media": first["file_id"], "performer": "Чайник"}] * 2
    for each in await place.call("sendMediaGroup", **to, media=media):
        assert each["audio"] == first
    assert first["thumbnail"]["width"] == 20
    assert len(place.tg.world.files.known) == 2

    shape = {"width": 320, "height": 240, "duration": 5, "thumbnail": "attach://mini"}
    files = {"video": b"film", "mini": png(20, 10)}
    film = (await place.call("sendVideo", **to, **shape, files=files))["video"]
    assert (film["width"], film["height"], film["duration"]) == (320, 240, 5)
    assert (await place.call("sendVideo", **to, video=film["file_id"]))["video"] == film
    files = {"video_note": b"round"}
    note = (await place.call("sendVideoNote", **to, length=120, files=files))["video_note"]
    assert note["length"] == 120
    again = await place.call("sendVideoNote", **to, video_note=note["file_id"])
    assert again["video_note"] == note


async def test_a_thumbnail_comes_with_a_file(place: Place) -> None:
    files = {"document": b"pdf", "mini": png(20, 10)}
    args = {"chat_id": place.buyer.id, "thumbnail": "attach://mini"}
    sent = await place.call("sendDocument", **args, files=files)
    thumbnail = sent["document"]["thumbnail"]
    assert (thumbnail["width"], thumbnail["height"]) == (20, 10)
    refusal = await place.refused("sendPhoto", chat_id=place.buyer.id, photo=thumbnail["file_id"])
    assert refusal == "400 Bad Request: can't use file of type Thumbnail as Photo"
    bad = await place.call("sendDocument", **args, files=files | {"mini": b"no picture"})
    assert "thumbnail" not in bad["document"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no picture", "IMAGE_PROCESS_FAILED"),
        (png(9000, 1001), "PHOTO_INVALID_DIMENSIONS"),
        (png(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (
            png() + b"x" * 10 * 2**20,
            f"file of size {len(png()) + 10 * 2**20} bytes is too big for a photo; "
            "the maximum size is 10485760 bytes",
        ),
    ],
)
async def test_a_photo_is_looked_at(place: Place, content: bytes, reason: str) -> None:
    refusal = await place.refused("sendPhoto", chat_id=place.buyer.id, files={"photo": content})
    assert refusal == f"400 Bad Request: {reason}"


async def test_a_caption_has_its_length(place: Place) -> None:
    assert (await send(place, "photo", caption="😀" * 512))["caption"]
    for kind in ("photo", "document", "voice", "audio", "video", "animation"):
        refusal = await place.refused(
            METHODS[kind],
            chat_id=place.buyer.id,
            caption="😀" * 512 + "a",
            files={kind: CONTENT.get(kind, b"x")},
        )
        assert refusal == "400 Bad Request: message caption is too long"


async def test_a_file_by_its_address(place: Place) -> None:
    sent = await send(place, "photo")
    told = await place.call("getFile", file_id=sent["photo"][0]["file_id"])
    link = f"{place.tg.url}/file/bot{place.bot.token}/{told['file_path']}"
    again = await place.call("sendPhoto", chat_id=place.buyer.id, photo=link)
    assert again["photo"][0]["width"] == 40
    page = f"{place.tg.url}/bot{place.bot.token}/getMe"
    refusal = await place.refused("sendPhoto", chat_id=place.buyer.id, photo=page)
    assert refusal == "400 Bad Request: wrong type of the web page content"
    over = await place.buyer.document(b"x" * (20 * 2**20 + 1), to=place.bot)
    stored = list(place.tg.world.files.known.values())[-1]
    assert over.message.body["document"]["file_size"] == stored.size
    for where in ("photos/file_77.jpg", stored.path):
        link = f"{place.tg.url}/file/bot{place.bot.token}/{where}"
        refusal = await place.refused("sendDocument", chat_id=place.buyer.id, document=link)
        assert refusal == "400 Bad Request: failed to get HTTP URL content"


# --- getFile


async def test_a_file_is_not_to_be_had(place: Place) -> None:
    assert await place.refused("getFile") == "400 Bad Request: file_id not specified"
    assert await place.refused("getFile", file_id="AgAD") == "400 Bad Request: invalid file_id"
    assert await place.refused("getFile", file_id="я") == "400 Bad Request: invalid file_id"
    sent = await send(place, "photo")
    forged = base64.urlsafe_b64decode(sent["photo"][0]["file_id"] + "=")
    for packed in (b"\x63" + forged[1:], forged[:8] + b"\x07" + forged[9:], forged[:-1] + b"x"):
        file_id = base64.urlsafe_b64encode(packed).decode()
        assert await place.refused("getFile", file_id=file_id) == (
            "400 Bad Request: invalid file_id"
        )
    for path in ("photos/file_7.jpg", "photos/file_x.jpg", "../../etc/passwd", ""):
        down = await place.http.get(f"/file/bot{place.bot.token}/{path}")
        assert (down.status_code, down.json()["description"]) == (404, "Not Found")


async def test_a_download_ends_at_twenty_megabytes(place: Place) -> None:
    most = await place.buyer.document(b"x" * 20 * 2**20, to=place.bot)
    over = await place.buyer.document(b"x" * (20 * 2**20 + 1), to=place.bot)
    file_id = most.message.body["document"]["file_id"]
    assert (await place.call("getFile", file_id=file_id))["file_size"] == 20 * 2**20
    refusal = await place.refused("getFile", file_id=over.message.body["document"]["file_id"])
    assert refusal == "400 Bad Request: file is too big"


# --- albums


async def test_an_album_is_sent(place: Place) -> None:
    media = [
        {"type": "photo", "media": "attach://a", "caption": "<b>Раз</b>", "parse_mode": "HTML"},
        {"type": "video", "media": "attach://b", "has_spoiler": True},
    ]
    sent = await place.call(
        "sendMediaGroup", chat_id=place.buyer.id, media=media, files={"a": png(), "b": b"film"}
    )
    assert [each["message_id"] for each in sent] == [2, 3]
    assert sent[0]["media_group_id"] == sent[1]["media_group_id"]
    assert sent[0]["caption_entities"][0]["type"] == "bold"
    assert sent[1]["has_media_spoiler"] is True
    alone = await place.call(
        "sendMediaGroup", chat_id=place.buyer.id, media=media[:1], files={"a": png()}
    )
    assert "media_group_id" not in alone[0]


def photo(**more: object) -> Json:
    return {"type": "photo", "media": "attach://a", **more}


DOCUMENT = {"type": "document", "media": "attach://a"}
AUDIO = {"type": "audio", "media": "attach://a"}
ALBUMS = [
    ("", 'parameter "media" is required'),
    ("[", "can't parse media JSON object"),
    ("{}", "expected an Array of InputMedia"),
    ("[]", "there are no messages to send"),
    ([photo()] * 11, "too many messages to send as an album"),
    ([1], "can't parse InputMedia: expected an Object"),
    (
        [{"type": "animation", "media": "attach://a"}],
        "can't parse InputMedia: type \"animation\" can't be used in sendMediaGroup",
    ),
    (
        [{"type": "voice", "media": "attach://a"}],
        'can\'t parse InputMedia: type "voice" is unsupported',
    ),
    ([photo(), DOCUMENT], "document can't be mixed with other media types"),
    ([AUDIO, photo()], "audio can't be mixed with other media types"),
    ([photo(), photo(media="attach://c")], "can't parse InputMedia: media not found"),
    ([photo(), photo(media="AgAD")], "wrong file identifier/HTTP URL specified"),
    (
        [photo(), photo(media="attach://bad")],
        'failed to send message #2 with the error message "IMAGE_PROCESS_FAILED"',
    ),
    (
        [photo(media="http://127.0.0.1:1/a"), photo()],
        'failed to send message #1 with the error message "WEBPAGE_CURL_FAILED"',
    ),
    (
        [photo(caption="a", show_caption_above_media=True), photo(caption="b")],
        "parameter show_caption_above_media must be the same for all messages",
    ),
    ([photo(caption="a" * 1025)], "message caption is too long"),
]


@pytest.mark.parametrize(("media", "reason"), ALBUMS)
async def test_albums_refused(place: Place, media: object, reason: str) -> None:
    given = media if isinstance(media, str) else json.dumps(media)
    refusal = await place.refused(
        "sendMediaGroup",
        chat_id=place.buyer.id,
        media=given,
        files={"a": png(), "bad": b"no picture"},
    )
    assert refusal == f"400 Bad Request: {reason}"
    assert list(place.messages) == [1]


# --- paid media


async def test_paid_media_are_sent(place: Place) -> None:
    args = {"chat_id": place.buyer.id, "star_count": 5, "payload": "p", "media": [photo()]}
    sent = await place.call("sendPaidMedia", **args, caption="Платно", files={"a": png()})
    assert sent["paid_media"]["star_count"] == 5
    assert [each["type"] for each in sent["paid_media"]["paid_media"]] == ["photo"]
    assert sent["caption"] == "Платно"


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({"media": ""}, 'parameter "media" is required'),
        ({"media": "{}"}, "expected an Array of InputPaidMedia"),
        ({"media": "[]"}, "wrong number of paid media: it takes 1 to 10"),
        ({"star_count": 0}, "STARS_AMOUNT_INVALID"),
        ({"star_count": 25_001}, "STARS_AMOUNT_INVALID"),
        ({"payload": "я" * 65}, "PAYLOAD_INVALID"),
        ({"media": [DOCUMENT]}, "can't parse InputPaidMedia: type must be photo or video"),
    ],
)
async def test_paid_media_refused(place: Place, args: Json, reason: str) -> None:
    asked = {"chat_id": place.buyer.id, "star_count": 5, "media": [photo()]} | args
    refusal = await place.refused("sendPaidMedia", **asked, files={"a": png()})
    assert refusal == f"400 Bad Request: {reason}"
