"""Photos, voices, documents and the like, there and back."""

import pytest

from tests.tgsandbox.conversations import wares
from tests.tgsandbox.conversations.wares import Shop
from tgsandbox import Person


async def test_a_photo_and_its_changes(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/photo")
    photo = await buyer.reply()
    assert (photo.kind, photo.text, photo.file) == ("photo", "A cup", wares.CUP)
    assert photo.buttons == [["Rename", "Replace", "Bare"]]

    await buyer.press("Rename")
    renamed = await buyer.edited()
    assert (renamed.text, renamed.file, renamed.buttons) == ("A blue cup", wares.CUP, photo.buttons)
    assert "edit_date" in renamed.json()

    await buyer.press("Replace")
    replaced = await buyer.edited()
    assert (replaced.text, replaced.file, replaced.buttons) == ("A pot", wares.POT, photo.buttons)

    await buyer.press("Bare")
    bare = await buyer.edited()
    assert (bare.text, bare.file, bare.buttons) == ("A pot", wares.POT, [])
    assert bare.id == photo.id


async def test_a_keyboard_that_goes_is_not_an_edit(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/photo")
    await buyer.press("Bare")

    bare = await buyer.edited()

    assert bare.buttons == []
    assert "edit_date" not in bare.json()


async def test_a_photo_comes_back_by_its_id(shop: Shop, buyer: Person) -> None:
    sent = await buyer.photo(wares.POT, shop.bot)

    back = await buyer.reply()

    assert (back.text, back.file) == ("60x20", wares.POT)
    assert back.json()["photo"][-1]["file_unique_id"] == sent.json()["photo"][-1]["file_unique_id"]


async def test_a_document_is_downloaded_and_sent_back(shop: Shop, buyer: Person) -> None:
    sheet = b"name;price\ntea;12\n" * 5000
    await buyer.document(sheet, shop.bot, name="prices.csv", mime="text/csv")

    back = await buyer.reply()

    assert (back.kind, back.text, back.file) == ("document", "text/csv, 90000 bytes", sheet)
    assert back.json()["document"]["file_name"] == "copy of prices.csv"


async def test_a_voice_is_downloaded_and_sent_back(shop: Shop, buyer: Person) -> None:
    said = await buyer.voice(wares.VOICE, shop.bot)

    back = await buyer.reply()

    assert (back.kind, back.text, back.file) == ("voice", "7 s", wares.VOICE)
    assert back.json()["voice"]["duration"] == 7
    assert back.json()["voice"]["mime_type"] == "audio/ogg"
    assert back.json()["reply_to_message"]["message_id"] == said.id


async def test_films_and_songs_that_people_send(shop: Shop, buyer: Person) -> None:
    await buyer.video(wares.FILM, shop.bot)
    assert (await buyer.reply()).text == "A film of 320x240, 5 s"
    await buyer.audio(wares.SONG)
    assert (await buyer.reply()).text == "A song of 2 s"
    await buyer.sticker(wares.CUP)
    assert (await buyer.reply()).kind == "sticker"


async def test_an_album_from_the_bot(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/album")

    album = [await buyer.reply() for _ in wares.ALBUM]

    assert [each.file for each in album] == wares.ALBUM
    assert [each.text for each in album] == ["Three cups", "", ""]
    assert len({each.json()["media_group_id"] for each in album}) == 1


async def test_an_album_from_a_person(shop: Shop, buyer: Person) -> None:
    await buyer.album(wares.ALBUM, shop.bot)

    told = {(await buyer.reply()).text for _ in wares.ALBUM}  # aiogram answers all at once

    assert told == {f"{size}x{size}, of an album" for size in (10, 20, 30)}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/sticker", {"sticker": {"emoji": "☕", "width": 40, "height": 30}}),
        ("/place", {"location": {"latitude": 41.3111, "longitude": 69.2797}}),
        ("/venue", {"venue": {"title": "Shop", "address": "Amir Temur 1"}}),
        ("/contact", {"contact": {"phone_number": "+998711234567", "first_name": "Shop"}}),
    ],
)
async def test_things_that_a_bot_sends(
    shop: Shop, buyer: Person, command: str, said: dict[str, dict[str, object]]
) -> None:
    await buyer.send(shop.bot, command)

    sent = await buyer.reply()

    [(kind, about)] = said.items()
    assert sent.kind == kind
    assert sent.json()[kind].items() >= about.items()


async def test_a_throw_of_dice(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/dice")

    thrown, told = (await buyer.reply()).json()["dice"], await buyer.reply()

    assert thrown["emoji"] == "🎯"
    assert told.text == f"It is {thrown['value']}."


async def test_moving_pictures_and_sound(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/films")

    animation, film, song, note = [await buyer.reply() for _ in range(4)]

    assert (animation.kind, animation.text, animation.file) == ("animation", "Animated", wares.FILM)
    assert (film.kind, film.text, film.file) == ("video", "Film", wares.FILM)
    about = film.json()["video"]
    assert (about["width"], about["height"], about["duration"]) == (320, 240, 5)
    assert (about["thumbnail"]["width"], about["thumbnail"]["height"]) == (40, 30)
    assert (song.kind, song.text, song.file) == ("audio", "Sung", wares.SONG)
    assert song.json()["audio"].items() >= {"title": "Song", "performer": "Shop"}.items()
    assert (note.kind, note.json()["video_note"]["length"]) == ("video_note", 240)
