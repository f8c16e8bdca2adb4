"""The agents of invented administrations, always the same ones for a number of people."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from bench.directory.names import Names
from tchap.policy.emails import parse_email
from tchap.policy.names import localpart_of
from tchap.protocol.directory_words import fold

INSTANCES = tuple(f"agent.i{number}.tchap.example.fr" for number in range(1, 19))
SEED = 24
CHUNK = 250_000
TWO_FIRST_NAMES, TWO_LAST_NAMES, PARTICLE, HAS_ROLE = 0.06, 0.05, 0.03, 0.1
"""How many have a first name of two, a family name of two, a particle, a unit and a function."""
MINISTRIES = 30
_KINDS = ("Préfecture de", "Centre hospitalier de", "Université de", "Département de", "Rectorat de")
_FIELDS = [
    "Intérieur",
    "Finances",
    "Justice",
    "Culture",
    "Travail",
    "Santé",
    "Armées",
    "Agriculture",
    "Logement",
    "Transports",
    "Écologie",
    "Recherche",
    "Sports",
    "Industrie",
    "Énergie",
    "Mer",
    "Jeunesse",
    "Diplomatie",
    "Numérique",
    "Territoires",
    "Budget",
    "Commerce",
    "Tourisme",
    "Patrimoine",
    "Forêts",
    "Eau",
    "Enseignement",
    "Autonomie",
    "Égalité",
    "Météorologie",
]
_STEMS = [
    "Val",
    "Mont",
    "Roche",
    "Ville",
    "Bel",
    "Font",
    "Clair",
    "Haut",
    "Mar",
    "Beau",
    "Châtel",
    "Vaux",
    "Pierre",
    "Bois",
    "Champ",
    "Neuf",
    "Lan",
    "Cour",
    "Brie",
    "Orme",
    "Tour",
    "Fer",
    "Sauve",
    "Puy",
    "Aigue",
    "Riche",
    "Lou",
    "Mire",
    "Noir",
    "Vert",
]
_ENDS = [
    "court",
    "ville",
    "mont",
    "fort",
    "bourg",
    "lieu",
    "val",
    "champ",
    "vigne",
    "aire",
    "ac",
    "ay",
    "anges",
    "ières",
    "eux",
    "igny",
    "ourt",
    "elle",
    "onne",
    "ette",
]
_RIVERS = [
    "Orne",
    "Aure",
    "Lisse",
    "Vanne",
    "Sarre",
    "Meule",
    "Douve",
    "Airelle",
    "Brévenne",
    "Loube",
    "Sèvre",
    "Couse",
    "Ternoise",
    "Auge",
    "Rille",
]
_PARTICLES = ("Le", "De", "La", "Du")
_UNITS = [
    "Bureau des achats",
    "Service juridique",
    "Direction des finances",
    "Pôle numérique",
    "Service des urgences",
    "État civil",
    "Ressources humaines",
    "Bureau de la paie",
    "Service communication",
    "Cellule immobilière",
    "Voirie",
    "Scolarité",
    "Pharmacie",
    "Greffe",
    "Inspection",
    "Bibliothèque",
    "Accueil",
    "Espaces verts",
    "Radiologie",
    "Douanes",
]
_FUNCTIONS = [
    "Directrice",
    "Adjoint administratif",
    "Chef de bureau",
    "Infirmière",
    "Juriste",
    "Ingénieur",
    "Technicienne",
    "Assistante sociale",
    "Enseignant",
    "Secrétaire",
    "Comptable",
    "Attachée",
    "Médecin",
    "Inspecteur",
    "Chargée de mission",
]


@dataclass(frozen=True, slots=True)
class Administration:
    """`size` is how many agents it has."""

    administration_id: str
    label: str
    instance: str
    domain: str
    size: int


@dataclass(frozen=True, slots=True)
class Agent:
    """One made person; `administration` is her place in the list of administrations."""

    user_id: str
    email: str
    given: str
    family: str
    administration: int
    unit: str = ""
    function: str = ""

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"


def make_administrations(people: int, count: int) -> list[Administration]:
    """From ministries to communes: sizes are 1/rank (Zipf, exponent 1), at least five agents each."""
    chance = random.Random(SEED)
    share = people / sum(1 / rank for rank in range(1, count + 1))
    sizes = [max(5, round(share / rank)) for rank in range(1, count + 1)]
    sizes[0] += people - sum(sizes)
    labels = _labels(chance, count)
    return [
        Administration(f"adm{number}", label, chance.choice(INSTANCES), f"{'-'.join(fold(label))}.example.fr", size)
        for number, (label, size) in enumerate(zip(labels, sizes, strict=True))
    ]


def _labels(chance: random.Random, count: int) -> list[str]:
    found = dict.fromkeys(f"Ministère {field}" for field in _FIELDS[: min(MINISTRIES, count)])
    while len(found) < count:
        kind = chance.choice(_KINDS) if len(found) < count / 20 else "Mairie de"
        found[f"{kind} {_place(chance)}"] = None
    return list(found)


def _place(chance: random.Random) -> str:
    place = chance.choice(_STEMS) + chance.choice(_ENDS)
    if chance.random() < 0.3:
        place = f"Saint-{place}"
    return f"{place}-sur-{chance.choice(_RIVERS)}" if chance.random() < 0.9 else place


class People:
    """Draws the agents in an order of chance, chunk by chunk."""

    def __init__(self, names: Names, administrations: Sequence[Administration]) -> None:
        self.administrations = administrations
        self._chance = random.Random(SEED + 1)
        self._first = [(list(weights), list(accumulate(weights.values()))) for weights in names.first]
        self._last = list(names.last), list(accumulate(names.last.values()))
        self._taken: set[str] = set()

    def chunks(self) -> Iterator[list[Agent]]:
        posts = [number for number, each in enumerate(self.administrations) for _ in range(each.size)]
        self._chance.shuffle(posts)
        for start in range(0, len(posts), CHUNK):
            part = posts[start : start + CHUNK]
            families = self._draw(self._last, len(part))
            givens = self._draw(self._first[0], len(part)), self._draw(self._first[1], len(part))
            yield [self._agent(*drawn) for drawn in zip(part, families, *givens, strict=True)]

    def _draw(self, pool: tuple[list[str], list[float]], count: int) -> list[str]:
        return self._chance.choices(pool[0], cum_weights=pool[1], k=count)

    def _agent(self, post: int, family: str, she: str, he: str) -> Agent:
        chance, administration = self._chance, self.administrations[post]
        gender = chance.random() < 0.5
        given = he if gender else she
        if chance.random() < TWO_FIRST_NAMES:
            given = f"{given}-{self._draw(self._first[gender], 1)[0]}"
        luck = chance.random()
        if luck < TWO_LAST_NAMES:
            family = f"{family}-{self._draw(self._last, 1)[0]}"
        elif luck < TWO_LAST_NAMES + PARTICLE:
            family = f"{chance.choice(_PARTICLES)} {family}"
        role = (chance.choice(_UNITS), chance.choice(_FUNCTIONS)) if chance.random() < HAS_ROLE else ("", "")
        user_id, email = self._address(given, family, administration)
        return Agent(user_id, email, given, family, post, *role)

    def _address(self, given: str, family: str, administration: Administration) -> tuple[str, str]:
        local = f"{'-'.join(fold(given))}.{'-'.join(fold(family))}"
        address, number = f"{local}@{administration.domain}", 1
        while address in self._taken:
            number += 1
            address = f"{local}{number}@{administration.domain}"
        self._taken.add(address)
        return f"@{localpart_of(parse_email(address), administration.instance)}:{administration.instance}", address
