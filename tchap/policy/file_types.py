"""What a file is, told from its own bytes: never from its name or from what its sender says.

A ciphertext looks like none of these but by a chance of one in millions, which is how the law tells it from a clear
file. Whoever makes a file with care can dress one as the other; `docs/security.md` says what that is worth.
"""

import codecs
import re
import struct
from collections.abc import Callable

UNKNOWN = "application/octet-stream"
_TEXT_BYTES = 64 * 1024
"""How much of a text is looked at."""
_ENTRY_BYTES = 4 * 1024
"""How far into an archive its first entries are looked for."""
_DIRECTORY_BYTES = 64 * 1024
"""How far from its end an archive's directory is read."""
_OLD_TEXT_BYTES = 256
"""Fewer bytes may look like a text of before Unicode by chance."""
_OLD_TEXT_SHARE = 0.3
"""Letters with accents in such a text; in a ciphertext half of all bytes are such."""

# Each begins a format, with at least four bytes that are always the same.
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff\xe0", "image/jpeg"),
    (b"\xff\xd8\xff\xe1", "image/jpeg"),
    (b"\xff\xd8\xff\xdb", "image/jpeg"),
    (b"\xff\xd8\xff\xe2", "image/jpeg"),
    (b"\xff\xd8\xff\xee", "image/jpeg"),
    (b"\xff\xd8\xff\xfe", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
    (b"\0\0\x01\0\x01\0", "image/vnd.microsoft.icon"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe", "application/postscript"),
    (b"{\\rtf", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"(\xb5/\xfd", "application/zstd"),
    (b"\x1a\x45\xdf\xa3", "video/x-matroska"),
    (b"OggS\0", "application/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3\x02", "audio/mpeg"),
    (b"ID3\x03", "audio/mpeg"),
    (b"ID3\x04", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
    (b"MThd\0\0\0\x06", "audio/midi"),
    (b"\0\0\x01\xba", "video/mpeg"),
    (b"FLV\x01", "video/x-flv"),
    (b"0&\xb2u\x8ef\xcf\x11", "video/x-ms-asf"),
    (b"\x7fELF", "application/x-elf"),
    (b"\xca\xfe\xba\xbe", "application/java-vm"),
    (b"\0asm\x01\0\0\0", "application/wasm"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"OTTO\0", "font/otf"),
    (b"\0\x01\0\0\0", "font/ttf"),
    (b"AC10", "image/vnd.dwg"),
    (b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\0\x01\0\0Standard ", "application/x-msaccess"),
    (b"\0\0\x27\x0a" + bytes(20), "application/x-esri-shape"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
}
_OFFICE = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_PKCS7 = "application/pkcs7-mime"
_PKCS7_OID = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
_MIMETYPE = re.compile(rb"mimetype([a-z0-9.+-]+/[a-z0-9.+-]+)PK")
_ACCENTS = bytes(range(0x80, 0x100))
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# What no text holds; tabulations, ends of lines and of pages, and the escapes of terminals do occur.
_NO_TEXT = re.compile(r"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")


def recognise(data: bytes) -> str | None:
    """The media type of a file by its content; None for what looks like no format known here."""
    if not data:
        return "text/plain"
    for beginning, content_type in _BEGINNINGS:
        if data.startswith(beginning):
            return content_type
    return next((found for look in _LOOKS if (found := look(data)) is not None), None)


def _riff(data: bytes) -> str | None:
    return _RIFF.get(data[8:12]) if data[:4] == b"RIFF" else None


def _iso_media(data: bytes) -> str | None:
    """ISO base media: the size of its first box, `ftyp`, and a brand."""
    return _BRANDS.get(data[8:12], "video/mp4") if data[4:8] == b"ftyp" else None


def _zip(data: bytes) -> str | None:
    if data[:4] not in (b"PK\x03\x04", b"PK\x05\x06"):
        return None
    head = data[:_ENTRY_BYTES]
    # OpenDocument and EPUB: the first entry is named so, and says what the whole is.
    named = _MIMETYPE.search(head)
    if named is not None:
        return named[1].decode("ascii")
    if b"[Content_Types].xml" in head:
        # The names of all entries are told again at the end.
        names = head + data[-_DIRECTORY_BYTES:]
        return next((content_type for folder, content_type in _OFFICE if folder in names), "application/zip")
    return "application/zip"


def _gzip(data: bytes) -> str | None:
    # RFC 1952: deflate, three flags that must be zero, and one of fourteen systems or none.
    is_gzip = data[:3] == b"\x1f\x8b\x08" and len(data) >= 18 and data[3] < 32 and (data[9] < 14 or data[9] == 255)
    return "application/gzip" if is_gzip else None


def _bzip2(data: bytes) -> str | None:
    return "application/x-bzip2" if data[:3] == b"BZh" and data[4:10] == b"1AY&SY" else None


def _tar(data: bytes) -> str | None:
    return "application/x-tar" if data[257:262] == b"ustar" else None


def _certificate(data: bytes) -> str | None:
    """DER: a sequence as long as the file says, of a signed or sealed message, or of a certificate."""
    if data[:2] != b"\x30\x82" or int.from_bytes(data[2:4], "big") + 4 != len(data):
        return _PKCS7 if data[:1] == b"\x30" and _PKCS7_OID in data[:24] else None
    return _PKCS7 if _PKCS7_OID in data[:24] else "application/pkix-cert"


def _transport_stream(data: bytes) -> str | None:
    """MPEG-2: every packet of 188 bytes begins alike."""
    return "video/mp2t" if len(data) >= 5 * 188 and data[: 5 * 188 : 188] == b"G" * 5 else None


def _bitmap(data: bytes) -> str | None:
    return "image/bmp" if data[:2] == b"BM" and data[2:6] == struct.pack("<I", len(data) & 0xFFFFFFFF) else None


def _program(data: bytes) -> str | None:
    if data[:2] != b"MZ" or len(data) < 64:
        return None
    (offset,) = struct.unpack_from("<I", data, 60)
    return "application/vnd.microsoft.portable-executable" if data[offset : offset + 4] == b"PE\0\0" else None


def _sound(data: bytes) -> str | None:
    """Frames of ADTS or MPEG sound: the same four bytes but for what may change begin the second one too."""
    if len(data) < 8 or data[0] != 0xFF:
        return None
    if data[1] & 0xF6 == 0xF0:
        length = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
        return "audio/aac" if length > 6 and data[length : length + 2] == data[:2] else None
    if data[1] & 0xE6 == 0xE2:
        return "audio/mpeg" if data.find(data[:2], 24, 1_500) > 0 else None
    return None


def _text(data: bytes) -> str | None:
    part = data[:_TEXT_BYTES]
    for mark, encoding in _MARKS:
        if part.startswith(mark):
            return _as_text(part[len(mark) :], encoding)
    return _as_text(part, "utf-8") or (_as_text(part, "latin-1") if _may_be_old(part) else None)


def _may_be_old(part: bytes) -> bool:
    accents = len(part) - len(part.translate(None, _ACCENTS))
    return len(part) >= _OLD_TEXT_BYTES and accents < len(part) * _OLD_TEXT_SHARE


def _as_text(part: bytes, encoding: str) -> str | None:
    try:
        # The part may end in the middle of a letter.
        text = codecs.getincrementaldecoder(encoding)().decode(part)
    except UnicodeDecodeError:
        return None
    if _NO_TEXT.search(text):
        return None
    return _markup(text.lstrip()[:1_000].lower())


def _markup(beginning: str) -> str:
    if beginning.startswith(("<!doctype html", "<html")):
        return "text/html"
    if beginning.startswith(("<svg", "<?xml", "<!doctype svg")):
        return "image/svg+xml" if "<svg" in beginning else "text/xml"
    return "text/plain"


_LOOKS: tuple[Callable[[bytes], str | None], ...] = (
    *(_riff, _iso_media, _zip, _gzip, _bzip2, _tar, _bitmap, _program, _sound, _certificate, _transport_stream),
    _text,
)
