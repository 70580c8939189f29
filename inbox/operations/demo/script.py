"""Who writes what in the demo inbox: a bicycle maker in Lisbon and its customers, in their own languages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SERVICE = "200000000000001"
LISBOA = "200000000000002"
#: Carried by AWS.
PORTO = "200000000000003"

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens, ``ago`` seconds before the demo is loaded.

    ``by``: "customer", or "phone" for a colleague who answers in the phone app. ``about`` names an earlier step (its
    ``name``) for answers, reactions, edits and deletions. ``receipt``: what the customer's phone reported. ``late``:
    it stays marked as late, for the rest the demo pretends that it came at once.
    """

    kind: str
    text: str = ""
    ago: int = 0
    by: str = "customer"
    name: str = ""
    about: str = ""
    receipt: str = ""
    sample: str = ""
    forwarded: bool = False
    payload: dict[str, Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    late: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """One conversation. A person without ``wa_id`` shows WhatsApp only a user id and a username. ``read``: a colleague
    has seen it."""

    key: str
    name: str
    steps: tuple[Step, ...]
    number: str = SERVICE
    wa_id: str = ""
    username: str = ""
    read: bool = False


AD = {
    "source_url": "https://example.com/cargo-bikes",
    "source_id": "120210000000000001",
    "source_type": "ad",
    "headline": "Leave the car: Norte Cargo 2",
    "body": "Two children, one week of shopping, no parking. Try it this Saturday in Alfama.",
    "media_type": "image",
}

SLOT = {
    "type": "list_reply",
    "list_reply": {"id": "slot-3", "title": "Freitag, 14:30", "description": "Werkstatt, 60 Minuten"},
}

STORIES = (
    Story(
        key="amara",
        name="Amara Okafor",
        wa_id="351915550123",
        read=True,
        steps=(
            Step("text", "Hello! My Norte Cargo 2 arrived this morning 🎉", ago=2 * DAY),
            Step("text", "but the box was open on one side, look", ago=2 * DAY - MINUTE, name="box"),
            Step("image", "The corner was crushed", ago=2 * DAY - 2 * MINUTE, sample="photo-box"),
            Step("image", ago=2 * DAY - 3 * MINUTE, sample="photo-wheel"),
            Step(
                "text",
                "I am sorry to see that, Amara. Is the *rear wheel* straight?",
                ago=2 * DAY - 9 * MINUTE,
                by="phone",
                about="box",
                name="wheel",
                receipt="read",
            ),
            Step("reaction", "👍", ago=2 * DAY - 12 * MINUTE, about="wheel"),
            Step("video", "It rattles when it turns", ago=DAY, sample="film", name="film"),
            Step("voice", ago=DAY - MINUTE, sample="voice-long"),
            Step("document", "The delivery note", ago=DAY - 4 * MINUTE, sample="invoice"),
            Step(
                "text",
                "Thank you. The carrier pays for it: a new frame, or _15 % back_? You decide.",
                ago=5 * HOUR,
                by="phone",
                about="film",
                receipt="read",
            ),
            Step("text", "The new frame pleas. And can I see the colour first?", ago=3 * HOUR, name="frame"),
            Step("edit", "The new frame please. And can I see the colour first?", ago=3 * HOUR - MINUTE, about="frame"),
            Step(
                "image", "Petrol, like this one in front of our shop", ago=2 * HOUR, by="phone", sample="photo-street"
            ),
            Step("sticker", ago=HOUR, sample="sticker"),
        ),
    ),
    Story(
        key="tomasz",
        name="Tomasz",
        username="tomasz.k",
        steps=(
            Step("text", "Cześć! Czy ten rower jest jeszcze dostępny?", ago=26 * HOUR, extra={"referral": AD}),
            Step("image", ago=90 * MINUTE, sample="photo-street"),
            Step("image", ago=90 * MINUTE - 5, sample="photo-hills"),
            Step("image", "is this covered?", ago=90 * MINUTE - 9, sample="photo-wheel"),
        ),
    ),
    Story(
        key="yusuf",
        name="يوسف الحداد",
        wa_id="212615550118",
        number=LISBOA,
        steps=(
            Step("text", "مرحباً، هل يمكنني استلام الدراجة يوم السبت؟", ago=7 * HOUR, name="saturday"),
            Step(
                "text",
                "نعم، نحن مفتوحون من 10:00 إلى 18:00",
                ago=6 * HOUR,
                by="phone",
                about="saturday",
                receipt="read",
            ),
            Step("voice", ago=50 * MINUTE, sample="voice"),
            Step("location", ago=48 * MINUTE),
        ),
    ),
    Story(
        key="mei",
        name="陳美玲",
        wa_id="886955550162",
        read=True,
        steps=(
            Step("text", "您好，請問煞車片有現貨嗎？", ago=30 * HOUR),
            Step("order", ago=29 * HOUR),
            Step("text", "有的，明天寄出。", ago=28 * HOUR, by="phone", receipt="delivered"),
            Step("sticker", ago=27 * HOUR, sample="sticker-animated"),
        ),
    ),
    Story(
        key="lucia",
        name="Lucía 🚲",
        wa_id="34655550119",
        username="lucia.bikes",
        number=LISBOA,
        steps=(
            Step("contacts", ago=4 * DAY),
            Step("text", "Este es el mecánico del que te hablé", ago=4 * DAY - MINUTE, forwarded=True),
            Step("text", "perdón, chat equivocado", ago=3 * DAY, name="wrong"),
            Step("revoke", ago=3 * DAY - MINUTE, about="wrong"),
            Step("unsupported", "poll_creation", ago=2 * DAY),
            Step("call", ago=26 * MINUTE),
        ),
    ),
    Story(
        key="dilnoza",
        name="Dilnoza Saidova",
        wa_id="998905550147",
        read=True,
        steps=(
            Step("text", "Салом! Сколько стоит доставка в Ташкент?", ago=3 * DAY),
            Step("text", "Hello Dilnoza, 120 € and about nine days.", ago=3 * DAY - HOUR, by="phone", receipt="failed"),
            Step("button", "Yes, same address", ago=2 * DAY),
        ),
    ),
    Story(
        key="rota",
        name="Rota, expedição",
        wa_id="351925550131",
        number=LISBOA,
        steps=(
            Step("document", "Nota de encomenda 2291: doze Cargo 2 para o Porto", ago=40 * MINUTE, sample="invoice"),
            Step("document", ago=39 * MINUTE, sample="orders"),
            Step("interactive", ago=35 * MINUTE),
        ),
    ),
    Story(
        key="beatriz",
        name="Beatriz Sousa",
        wa_id="351915550139",
        number=PORTO,
        steps=(
            Step("text", "Boa tarde! A loja do Porto já tem a Cargo 2 para experimentar?", ago=3 * HOUR),
            Step("image", "É para levar estes dois 😄", ago=3 * HOUR - 2 * MINUTE, sample="photo-wheel"),
            Step("voice", ago=2 * HOUR, sample="voice"),
        ),
    ),
    Story(
        key="johanna",
        name="Johanna Brandt",
        wa_id="4915155550128",
        read=True,
        steps=(
            Step("text", "Guten Morgen! Wann hätten Sie einen Termin für die Jahresinspektion?", ago=52 * HOUR),
            Step("text", "Zum Beispiel *Freitag um 14:30*.", ago=51 * HOUR, by="phone", receipt="read", name="slot"),
            Step("interactive", ago=50 * HOUR, about="slot", payload=SLOT),
            Step("text", "Passt das auch mit Anhänger?", ago=49 * HOUR),
            Step("text", "Ja, gern. Bis Freitag!", ago=48 * HOUR, by="phone", receipt="read"),
            Step("system", ago=30 * HOUR, payload={"wa_id": "4915155550199"}),
        ),
    ),
    Story(
        key="kenji",
        name="健司",
        wa_id="81905550144",
        read=True,
        steps=(
            Step("text", "4時に伺ってもいいですか？", ago=20 * HOUR),
            Step("text", "Perfect, see you at four.", ago=19 * HOUR, by="phone", receipt="delivered", name="four"),
            Step("reaction", "🙏", ago=19 * HOUR - MINUTE, about="four"),
            Step("audio", ago=18 * HOUR, sample="song"),
        ),
    ),
    Story(
        key="oksana",
        name="Оксана Бондар",
        wa_id="380505550171",
        steps=(
            Step("image", "Квитанція", ago=11 * HOUR, sample="photo-receipt", faults=("media_wrong_hash",)),
            Step("text", "Чи отримали ви оплату?", ago=11 * HOUR - MINUTE),
        ),
    ),
    Story(
        key="gael",
        name="Gaël Renard",
        wa_id="33655550186",
        number=LISBOA,
        steps=(
            Step("video", "Le bruit dont je parlais", ago=9 * HOUR, sample="film", faults=("media_refused",)),
            Step("document", ago=8 * HOUR, sample="letter", faults=("media_unavailable",)),
            Step("text", "Vous avez reçu ma lettre ?\n> réponse avant vendredi\nMerci 🙏", ago=8 * HOUR - MINUTE),
        ),
    ),
    Story(
        key="priya",
        name="प्रिया शर्मा",
        wa_id="919855550190",
        read=True,
        steps=(
            Step("image", "पुरानी तस्वीर", ago=9 * DAY, sample="photo-hills", faults=("media_gone",)),
            Step("text", "नमस्ते, क्या हेलमेट मिलेगा?", ago=5 * DAY),
        ),
    ),
    Story(
        key="marta",
        name="Marta Bialik",
        wa_id="48655550112",
        read=True,
        steps=(
            Step("text", "Do you fit a derailleur while I wait?", ago=3 * HOUR),
            Step(
                "text",
                "Yes: *Tuesday to Friday*, 9:00–12:00\n- bring the bike clean\n- it takes `40 minutes`",
                ago=2 * HOUR,
                by="phone",
                receipt="read",
            ),
            Step(
                "text", "Great, see https://example.com/derailleur – that one. ~Wednesday~ Thursday!", ago=110 * MINUTE
            ),
        ),
    ),
    Story(
        key="unknownkind",
        name="Oğuz Yıldız",
        wa_id="905355550155",
        read=True,
        steps=(
            Step("unknown", ago=6 * DAY),
            Step("text", "Sorry for the late answer, I was in the mountains.", ago=4 * HOUR, late=True),
        ),
    ),
)

#: Sender, name, words: a group, and somebody who writes to a number that no administrator entered.
GROUP_NAME = "Sunday ride"
GROUP = (
    ("351915550123", "Amara Okafor", "Who brings the pump on Sunday?"),
    ("351925550131", "Rota, expedição", "Nós, e café ☕"),
)
STRANGER = ("447700900123", "Harriet Lowe", "Is this the old Norte number?")
