"""Telling what a file is from its bytes, and a ciphertext from any."""

import bz2
import gzip
import hashlib
import io
import lzma
import struct
import tarfile
import zipfile

import pytest
from PIL import Image

from tchap.policy.file_types import recognise


def image(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "navy").save(out, kind)
    return out.getvalue()


def zipped(*entries: tuple[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        for name, text in entries:
            written.writestr(name, text)
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as written:
        written.addfile(tarfile.TarInfo("a"), io.BytesIO())
    return out.getvalue()


def program() -> bytes:
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"


def noise(number: int, size: int) -> bytes:
    """What a ciphertext looks like, the same in every run."""
    blocks = (hashlib.sha256(f"{number}/{block}".encode()).digest() for block in range(size // 32 + 1))
    return b"".join(blocks)[:size]


OOXML = "application/vnd.openxmlformats-officedocument"
MPEG_FRAME = b"\xff\xfb\x90\x00" + bytes(413)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (image("PNG"), "image/png"),
        (image("JPEG"), "image/jpeg"),
        (image("GIF"), "image/gif"),
        (image("WEBP"), "image/webp"),
        (image("BMP"), "image/bmp"),
        (image("TIFF"), "image/tiff"),
        (image("ICO"), "image/vnd.microsoft.icon"),
        (image("PDF"), "application/pdf"),
        (b"\0\0\0\x18ftypmp42" + bytes(12), "video/mp4"),
        (b"\0\0\0\x18ftypqt  " + bytes(12), "video/quicktime"),
        (b"\0\0\0\x18ftypheic" + bytes(12), "image/heic"),
        (b"\x1a\x45\xdf\xa3" + bytes(20), "video/x-matroska"),
        (b"OggS\0\x02" + bytes(20), "application/ogg"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
        (b"ID3\x04\0\0" + bytes(20), "audio/mpeg"),
        (MPEG_FRAME * 2, "audio/mpeg"),
        (zipped(("a.txt", "a")), "application/zip"),
        (zipped(("[Content_Types].xml", "<T/>"), ("word/document.xml", "<d/>")), f"{OOXML}.wordprocessingml.document"),
        (zipped(("[Content_Types].xml", "<T/>"), ("xl/workbook.xml", "<d/>")), f"{OOXML}.spreadsheetml.sheet"),
        (
            zipped(("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", "<d/>")),
            "application/vnd.oasis.opendocument.text",
        ),
        (gzip.compress(b"a", mtime=0), "application/gzip"),
        (bz2.compress(b"a"), "application/x-bzip2"),
        (lzma.compress(b"a"), "application/x-xz"),
        (tarred(), "application/x-tar"),
        (program(), "application/vnd.microsoft.portable-executable"),
        (b"\x30\x82\x00\x10" + bytes(16), "application/pkix-cert"),
        (b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" + bytes(9), "application/pkcs7-mime"),
        ((b"G" + bytes(187)) * 5, "video/mp2t"),
        (b"\x7fELF\x02\x01\x01", "application/x-elf"),
        (b"", "text/plain"),
        ("Compte rendu de la réunion, à relire.".encode(), "text/plain"),
        ("\ufeffnom;prénom\r\n".encode(), "text/plain"),
        ("é".encode() * 40_000 + b"x", "text/plain"),
        ("bonjour".encode("utf-16"), "text/plain"),
        ("Les élèves sont arrivés à l'école. ".encode("latin-1") * 10, "text/plain"),
        (b"<!DOCTYPE html><p>", "text/html"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
        (b"<?xml version='1.0'?><a/>", "text/xml"),
    ],
)
def test_what_a_file_is_shows_in_its_bytes(data: bytes, expected: str) -> None:
    """Pictures, sound, documents, archives, programs and texts are told apart."""
    assert recognise(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"MZ" + bytes(100),
        b"BM" + bytes(100),
        b"\x1f\x8b\x08\xff" + bytes(100),
        b"\xff\xfb" + noise(1, 2_000)[2:],
        b"RIFF\x24\0\0\0????",
        "élève".encode("latin-1"),
        b"\x30\x82\x00\x11" + bytes(16),
        b"bonjour\x00",
        b"\xff\xfe" + noise(2, 400),
    ],
)
def test_two_letters_make_no_format(data: bytes) -> None:
    """What a ciphertext may begin with by chance is looked at more closely."""
    assert recognise(data) is None


def test_a_ciphertext_looks_like_nothing() -> None:
    """Of four thousand, of all sizes, none is taken for anything."""
    for number in range(4_000):
        data = noise(number, 24 + number)
        assert recognise(data) is None, data[:16]
