"""The terms of the demo: a page beside its chat, so that what is to be accepted can be read."""

PATH = "/terms"
VERSION = "2026-01"

_STYLE = """
  :root { color-scheme: light dark; }
  body { margin: 0 auto; max-width: 36rem; padding: 24px 20px 48px;
         font: 16px/1.55 system-ui, "Segoe UI", Roboto, sans-serif; }
  h1 { font-size: 1.4rem; line-height: 1.25; margin: 32px 0 8px; }
  p, ul { margin: 8px 0; }
  small { opacity: .7; }
"""

_TEXTS = (
    (
        "ru",
        "Условия",
        (
            "Это игра: деньги, карты и звёзды здесь ненастоящие, а VPN никуда не подключает.",
            "Подписка начинается сразу после оплаты. Новый срок прибавляется к оставшемуся.",
            "Деньги возвращаются по просьбе, и оплаченное ими время снимается.",
            "Автопродление выключается одним нажатием. За три дня до списания мы напоминаем.",
        ),
    ),
    (
        "uz",
        "Shartlar",
        (
            "Bu oʻyin: bu yerdagi pul, karta va yulduzlar haqiqiy emas, VPN ham ishlamaydi.",
            "Obuna toʻlovdan keyin darhol boshlanadi. Yangi muddat qolganiga qoʻshiladi.",
            "Pul soʻrov boʻyicha qaytariladi va unga berilgan muddat olib qoʻyiladi.",
            "Avtomatik uzaytirish bir bosishda oʻchadi. Yechishdan uch kun oldin eslatamiz.",
        ),
    ),
    (
        "en",
        "Terms",
        (
            "This is play: money, cards and stars are not real here, and the VPN leads nowhere.",
            "A subscription begins as soon as it is paid. New time is added to what is left.",
            "Money goes back when you ask for it, and the time that it bought is taken back.",
            "Renewal is switched off in one tap. Three days before a charge we remind you.",
        ),
    ),
)


def page() -> str:
    said = []
    for language, title, lines in _TEXTS:
        items = "".join(f"<li>{each}</li>" for each in lines)
        said.append(f'<section lang="{language}"><h1>{title}</h1><ul>{items}</ul></section>')
    return (
        '<!doctype html><html lang="ru"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Условия · Shartlar · Terms</title><style>{_STYLE}</style>"
        f"<main>{''.join(said)}<p><small>{VERSION}</small></p></main></html>"
    )
