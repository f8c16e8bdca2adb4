"""The pages of a person's devices: the list, one of them, its end."""

from html import escape

from tchap.api.http import Request, Response
from tchap.api.public.account_links import account_url, way_back, way_to
from tchap.api.public.browser import go_on, sentence_of
from tchap.api.public.forms import Field, Form, done, render
from tchap.api.public.pages import page, page_language, said
from tchap.base import limits
from tchap.base.days import day_in_english, day_in_french
from tchap.base.errors import MatrixError
from tchap.services.browser_account import (
    check_proven,
    get_device,
    list_devices,
    rename_device,
    sign_out_device,
)
from tchap.services.browser_sessions import BrowserSession
from tchap.services.world import World
from tchap.storage.devices import Device


async def show_devices(world: World, request: Request, session: BrowserSession) -> Response:
    found = await list_devices(world, session)
    items = "".join(_item(world, request, device) for device in found)
    nothing = f"<p>{said(request, 'Aucun appareil connecté.', 'No device is signed in.')}</p>"
    body = f'<ul class="list">{items}</ul>' if items else nothing
    ended = said(request, "L'appareil est déconnecté.", "The device is signed out.")
    news = done(ended) if request.text("done") else ""
    return page(request, said(request, "Mes appareils", "My devices"), f"{news}{body}{way_back(request)}")


def _item(world: World, request: Request, device: Device) -> str:
    link = way_to(request, name_of(request, device), action="org.matrix.device_view", device_id=device.device_id)
    return f"<li><p><strong>{link}</strong></p><p>{_seen(world, request, device)}</p></li>"


def name_of(request: Request, device: Device) -> str:
    """What its owner knows the device by, as HTML."""
    return escape(device.display_name or "") or said(request, "Appareil sans nom", "Unnamed device")


def _seen(world: World, request: Request, device: Device) -> str:
    if device.last_seen_ts is None:
        return said(request, "Jamais vu en ligne", "Never seen online")
    when = day_in_words(device.last_seen_ts, world.clock.now_ms(), page_language(request))
    return f"{said(request, 'Vu en ligne', 'Last seen')} {escape(when)}"


def day_in_words(ts: int, now_ms: int, language: str) -> str:
    """A day as people say it: hours would need to know where the reader is."""
    days = now_ms // limits.DAY_MS - ts // limits.DAY_MS
    if language == "fr":
        return {0: "aujourd'hui", 1: "hier"}.get(days) or f"le {day_in_french(ts)}"
    return {0: "today", 1: "yesterday"}.get(days) or f"on {day_in_english(ts)}"


async def show_device(world: World, request: Request, session: BrowserSession) -> Response:
    return _device_page(world, request, await get_device(world, session, _asked(request)), {})


def _asked(request: Request) -> str:
    return request.text("device_id") or ""


def _device_page(world: World, request: Request, device: Device, problems: dict[str, str]) -> Response:
    added = day_in_words(device.created_ts, world.clock.now_ms(), page_language(request))
    facts = [
        (said(request, "Connexion", "Signed in"), escape(added)),
        (said(request, "Dernière activité", "Last activity"), _seen(world, request, device)),
        (said(request, "Depuis l'adresse", "From the address"), escape(device.last_seen_ip or "")),
        (said(request, "Référence", "Reference"), escape(device.device_id)),
    ]
    shown = "".join(f"<dt>{term}</dt><dd>{fact}</dd>" for term, fact in facts if fact)
    label = said(request, "Nom de l'appareil", "Name of the device")
    name = Field("name", label, value=device.display_name or "")
    form = Form((name,), said(request, "Renommer", "Rename"), {}, problems, "second")
    end = way_to(
        request,
        said(request, "Déconnecter cet appareil", "Sign this device out"),
        "button",
        action="org.matrix.device_delete",
        device_id=device.device_id,
    )
    renamed = done(said(request, "L'appareil est renommé.", "The device is renamed.")) if request.text("done") else ""
    body = f"{renamed}<dl>{shown}</dl><p>{end}</p>{render(world, request, form)}{_way_to_list(request)}"
    return page(request, name_of(request, device), body, 400 if problems else 200)


def _way_to_list(request: Request) -> str:
    words = said(request, "Tous mes appareils", "All my devices")
    return f"<p>{way_to(request, words, action='org.matrix.devices_list')}</p>"


async def rename(world: World, request: Request, session: BrowserSession, fields: dict[str, str]) -> Response:
    try:
        await rename_device(world, session, _asked(request), fields.get("name", "").strip())
    except MatrixError as error:
        device = await get_device(world, session, _asked(request))
        return _device_page(world, request, device, {"name": sentence_of(request, error)})
    return _done_at(request, action="org.matrix.device_view", device_id=_asked(request))


def _done_at(request: Request, **parameters: str) -> Response:
    return go_on(account_url(request, **parameters, done="1"))


async def show_end(world: World, request: Request, session: BrowserSession) -> Response:
    device = await get_device(world, session, _asked(request))
    check_proven(world, session)
    effect = said(
        request,
        "L'appareil n'aura plus accès à votre compte. Les messages qu'il est seul à pouvoir lire seront perdus, sauf"
        " avec votre code de récupération.",
        "The device will have no access to your account any more. Messages that only this device can read are lost,"
        " unless you have your recovery code.",
    )
    button = said(request, "Déconnecter cet appareil", "Sign this device out")
    form = render(world, request, Form((), button, {}, {}, "danger"))
    body = f"<p><strong>{name_of(request, device)}</strong></p><p>{effect}</p>{form}{_way_to_list(request)}"
    return page(request, said(request, "Déconnecter un appareil", "Sign a device out"), body)


async def end(world: World, request: Request, session: BrowserSession, _fields: dict[str, str]) -> Response:
    await sign_out_device(world, session, _asked(request))
    return _done_at(request, action="org.matrix.devices_list")
