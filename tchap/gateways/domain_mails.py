"""What our mails say to an administration that joins, in French first and in English.

The administration's name is not said before somebody looked at it: it is anybody's to choose, and would let a stranger
write in our name. The requester's address and the domain are proven, or were typed by nobody.
"""

from tchap.gateways.mail_texts import notice_mail
from tchap.storage.mail_outbox import OutgoingMail


def record_mail(recipient: str, domain: str, record: tuple[str, str], link: str) -> OutgoingMail:
    """The DNS record to add, for the requester to hand on: `record` is its name and its text."""
    name, text = record
    fr = (
        f"Bonjour,\n\nPour prouver que le domaine {domain} est celui de votre administration, faites ajouter cet"
        f" enregistrement DNS par la personne qui gère le domaine :\n\nNom : {name}\nType : TXT\nValeur : {text}"
        "\n\nNous regardons régulièrement s'il est en place et vous écrirons. Pour suivre votre demande, ou choisir une"
        " autre preuve, donnez de nouveau votre adresse sur cette page :"
    )
    en = (
        f"Hello,\n\nTo prove that the domain {domain} is your administration's, have this DNS record added by whoever"
        f" looks after the domain:\n\nName: {name}\nType: TXT\nValue: {text}"
        "\n\nWe look for it regularly and will write to you. To follow your request, or to choose another proof, give"
        " your address again on this page:"
    )
    return notice_mail(recipient, "Prouver votre domaine / Proving your domain", (fr, en), link)


def proof_mail(recipient: str, domain: str, requester: str, link: str) -> OutgoingMail:
    """Asks a postmaster or an authority whether a request is their administration's."""
    fr = (
        f"Bonjour,\n\n{requester} demande l'ouverture de Tchap, la messagerie des agents publics, aux adresses du"
        f" domaine {domain}. Vous recevez ce courriel parce que vous pouvez en répondre. Pour lire la demande, puis la"
        " confirmer ou la rejeter :"
    )
    en = (
        f"Hello,\n\n{requester} asks that Tchap, the messaging of public agents, be opened to the addresses of the"
        f" domain {domain}. You get this mail because you can answer for it. To read the request, then confirm or"
        " reject it:"
    )
    return notice_mail(recipient, f"Tchap : {domain} est-il à vous ? / is it yours?", (fr, en), link)


def opened_mail(recipient: str, domain: str, link: str) -> OutgoingMail:
    fr = (
        f"Bonjour,\n\nTchap est ouvert aux adresses du domaine {domain}. Chaque agent peut dès maintenant créer son"
        " compte :"
    )
    en = f"Hello,\n\nTchap is open to the addresses of the domain {domain}. Every agent may create an account now:"
    return notice_mail(recipient, "Tchap est ouvert à votre administration / Tchap is open to you", (fr, en), link)


def waiting_mail(recipient: str, domain: str, link: str) -> OutgoingMail:
    fr = (
        f"Bonjour,\n\nLe domaine {domain} est prouvé. Comme il ne figure pas dans la liste des domaines publics de"
        " l'État, une personne examine votre demande ; vous recevrez sa réponse par courriel. Pour suivre la demande :"
    )
    en = (
        f"Hello,\n\nThe domain {domain} is proven. As it is not in the State's list of public domains, somebody looks"
        " at your request; the answer will come by mail. To follow the request:"
    )
    return notice_mail(recipient, "Votre demande est examinée / Your request is looked at", (fr, en), link)


def refused_mail(recipient: str, domain: str, reason: tuple[str, str], link: str) -> OutgoingMail:
    """`reason` in French and in English."""
    fr = (
        f"Bonjour,\n\nTchap n'est pas ouvert au domaine {domain}.\n\nMotif : {reason[0]}"
        "\n\nPour faire une autre demande :"
    )
    en = f"Hello,\n\nTchap is not opened to the domain {domain}.\n\nReason: {reason[1]}\n\nTo make another request:"
    return notice_mail(recipient, "Réponse à votre demande / About your request", (fr, en), link)


def suspended_mail(recipient: str, domain: str, reason: str, link: str) -> OutgoingMail:
    fr = (
        f"Bonjour,\n\nL'ouverture de Tchap au domaine {domain} est suspendue : aucun nouveau compte n'y est créé.\n\n"
        f"Motif : {reason}\n\nLe service :"
    )
    en = (
        f"Hello,\n\nThe opening of Tchap to the domain {domain} is suspended: no new account is created there.\n\n"
        f"Reason: {reason}\n\nThe service:"
    )
    return notice_mail(recipient, "Ouverture suspendue / Opening suspended", (fr, en), link)


def decider_mail(recipient: str, domain: str, link: str) -> OutgoingMail:
    """Told to those who decide: a request waits."""
    fr = f"Bonjour,\n\nUne demande d'ouverture attend une décision : {domain}.\n\nLe service :"
    en = f"Hello,\n\nA request to join waits for a decision: {domain}.\n\nThe service:"
    return notice_mail(recipient, f"Tchap : demande d'ouverture de {domain} / request to join", (fr, en), link)
