"""How large files may be at WhatsApp. Without Django: the sandboxed conversion reads these too."""

from __future__ import annotations

from whatsapp.events import Kind

KB = 1024
MB = 1024 * KB

#: Bytes (Meta "Media", 11 Dec 2025). A sticker that moves may have STICKER_ANIMATED_BYTES.
BYTES: dict[Kind, int] = {
    Kind.IMAGE: 5 * MB,
    Kind.VIDEO: 16 * MB,
    Kind.AUDIO: 16 * MB,
    Kind.DOCUMENT: 100 * MB,
    Kind.STICKER: 100 * KB,
}
STICKER_ANIMATED_BYTES = 500 * KB
#: Pixels of each side (third parties; Meta's page shows it in examples only).
STICKER_SIDE = 512
#: A longer voice note shows a download arrow instead of playing at once (Meta "Audio messages").
VOICE_AT_ONCE_BYTES = 512 * KB
