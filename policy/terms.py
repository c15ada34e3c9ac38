"""What the papers call things: the words behind the record's identifiers, and which terms nobody has checked.

The English text is the key of the catalogues. Legal terms are those of the project's own list of terms; what that list
has from memory only is named at the foot of every page in which it occurs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from policy.language import Language, translatable

BASES6: Mapping[str, str] = {
    "a": translatable("consent"),
    "b": translatable("contract"),
    "c": translatable("legal obligation"),
    "d": translatable("vital interests"),
    "e": translatable("public-interest task or exercise of official authority"),
    "f": translatable("legitimate interests"),
}
"""Article 6(1)."""

BASES9: Mapping[str, str] = {
    "a": translatable("explicit consent"),
    "b": translatable("employment and social protection law"),
    "c": translatable("vital interests"),
    "d": translatable("members of a non-profit body"),
    "e": translatable("data that the person made public"),
    "f": translatable("legal claims"),
    "g": translatable("substantial public interest, on the basis of law"),
    "h": translatable("health care"),
    "i": translatable("public health"),
    "j": translatable("archiving, research, statistics"),
}
"""Article 9(2)."""

OPERATIONS: Mapping[str, str] = {
    "capture": translatable("take pictures or read the tag"),
    "detect": translatable("find whether there is a face"),
    "template": translatable("compute a template"),
    "enrol": translatable("enrol"),
    "match": translatable("compare"),
    "log": translatable("log"),
    "store": translatable("store"),
    "transfer": translatable("disclose or transfer"),
    "erase": translatable("erase"),
}

MODALITIES: Mapping[str, str] = {
    "face": translatable("face"),
    "fingerprint": translatable("fingerprint"),
    "iris": translatable("iris"),
    "voice": translatable("voice"),
    "tag": translatable("tag"),
    "key": translatable("key"),
    "pin": translatable("code"),
    "qr": translatable("QR code"),
    "list": translatable("list"),
    "account": translatable("account"),
}
BIOMETRIC = ("face", "fingerprint", "iris", "voice")

WHO: Mapping[str, str] = {
    "controller": translatable("the controller"),
    "vendor": translatable("the vendor"),
    "both": translatable("both"),
}
"""Who decides."""

FIELDS: Mapping[str, str] = {
    "identity": translatable("identity"),
    "contact": translatable("contact details"),
    "image": translatable("image"),
    "template": translatable("template"),
    "event": translatable("event"),
    "log": translatable("log data"),
    "location": translatable("location data"),
    "other": translatable("other data"),
}
"""Kinds of data fields."""

LEVELS: Mapping[str, str] = {
    "low": translatable("low"),
    "medium": translatable("medium"),
    "high": translatable("high"),
}

RECIPIENTS: Mapping[str, str] = {
    "processor": translatable("processor"),
    "controller": translatable("controller in its own right"),
    "authority": translatable("authority"),
}

ALTERNATIVES: Mapping[str, str] = {
    "tag": translatable("tag"),
    "key": translatable("key"),
    "pin": translatable("code"),
    "qr": translatable("QR code"),
    "manual": translatable("manual register"),
    "staffed": translatable("staffed entrance"),
    "system": translatable("another system"),
    "no_control": translatable("no control"),
}

JURISDICTIONS: Mapping[str, str] = {
    "se": translatable("Sweden"),
    "is": translatable("Iceland"),
    "dk": translatable("Denmark"),
    "no": translatable("Norway"),
    "pl": translatable("Poland"),
    "gb": translatable("United Kingdom"),
    "eu": translatable("the Union's law alone"),
    "unknown": translatable("not stated"),
}

AUTHORITIES: Mapping[str, tuple[str, str]] = {
    "se": ("Integritetsskyddsmyndigheten (IMY)", "imy.se"),
    "is": ("Persónuvernd", "personuvernd.is"),
    "dk": ("Datatilsynet", "datatilsynet.dk"),
    "gb": ("ICO", "ico.org.uk"),
}
"""Who hears complaints, and where: only where the project read a decision of theirs; elsewhere the record says it."""

RIGHTS: tuple[tuple[str, str, str], ...] = (
    ("15", "", translatable("see the data about you and get a copy (access)")),
    ("16", "", translatable("have wrong data put right (rectification)")),
    ("17", "", translatable("have data erased (erasure)")),
    ("18", "", translatable("have the use of data limited (restriction)")),
    ("20", "ab", translatable("get the data you gave in a form machines can read (portability)")),
    ("21", "ef", translatable("object to the processing")),
)
"""Article, the letters of Article 6(1) under which it holds (all where empty), and the right."""

DUTIES: Mapping[str, str] = {
    "statute": translatable("Yes: the law requires these data."),
    "contract": translatable("Yes: a contract requires these data."),
    "entry": translatable("Yes: without these data the contract can't be entered into."),
    "voluntary": translatable("No: it is up to you."),
}

DECISIONS: Mapping[str, str] = {
    "allow": translatable("Allowed"),
    "suspend": translatable("Suspended"),
    "refuse": translatable("Refused"),
}

OUTCOMES: Mapping[str, str] = {
    "refuse": translatable("Refuse: this must not run"),
    "suspend": translatable("Suspend: this must stop until it is mended"),
    "warn": translatable("Warn: this may run, and the reader should know"),
    "unknown": translatable("Unknown: a fact is missing, so it counts as not fulfilled"),
    "report": translatable("Reported: this neither passes nor fails"),
    "pass": translatable("Passed"),
    "not-applicable": translatable("Does not apply here"),
}
"""In the order in which a page shows them."""

WEIGHTS: Mapping[str, str] = {
    "refuse": translatable("refuse"),
    "suspend": translatable("suspend"),
    "warn": translatable("warn"),
}

MARKS: Mapping[str, str] = {
    "unverified": translatable("unverified: from memory, the text was not read"),
    "inference": translatable("own inference: no source says it"),
    "weakened": translatable("weakened: a court faulted what it stands on"),
    "project-rule": translatable("project rule, beside the law"),
    "not-confirmed-in-force": translatable("not confirmed in force here"),
}

FORMAL: Mapping[str, str] = {
    "approved": translatable("Approved"),
    "conditional": translatable("Approved on conditions"),
    "rejected": translatable("Rejected"),
    "referred": translatable("Referred to the supervisory authority"),
}

_UNCHECKED: Mapping[Language, tuple[tuple[str, str], ...]] = {
    "en": (),
    "sv": (
        ("gemensamt personuppgiftsansvariga", r"gemensamt personuppgiftsansvar"),
        ("underbiträde", r"underbiträde"),
        ("dokumenterade instruktioner", r"dokumenterade instruktioner"),
        ("uttryckligt samtycke", r"uttryckligt samtycke"),
        ("lagringsminimering", r"lagringsminimering"),
        ("bevarandetid", r"bevarandetid"),
        ("öppenhet", r"\böppenhet"),
        ("information till registrerade", r"information till (de )?registrerade"),
        ("ansvarsskyldighet", r"ansvarsskyldighet"),
        ("inbyggt dataskydd, dataskydd som standard", r"inbyggt dataskydd|dataskydd som standard"),
        ("kvarstående risk", r"kvarstående risk"),
        ("tillsynsmyndighet", r"tillsynsmyndighet"),
        ("standardavtalsklausuler", r"standardavtalsklausul"),
        ("pseudonymisering", r"pseudonymiser"),
        ("kryptering vid överföring, i vila", r"krypter"),
        ("loggdata", r"loggdata"),
        ("personuppgiftsincident", r"personuppgiftsincident"),
        ("tillfälligt stopp", r"tillfälligt stopp"),
        ("kopia", r"\bkopia"),
        ("grov oaktsamhet", r"grov oaktsamhet"),
        ("förmildrande", r"förmildrande"),
        ("felaktigt godkännande, felaktigt avvisande", r"felaktigt (godkän|avvis)"),
        ("mall", r"\bmall(en|ar|arna)?\b"),
        ("inregistrering", r"inregistrer"),
    ),
    "is": (
        ("andlitsgreining", r"andlitsgreining"),
        ("verulegir almannahagsmunir", r"veruleg\w* almannahagsmun"),
        ("afdráttarlaust samþykki", r"afdráttarlaus"),
        ("aðstöðumunur", r"aðstöðumun"),
        ("takmörkun vegna tilgangs", r"takmörkun vegna tilgangs"),
        ("inngangur", r"inngang"),
        ("aðgangskort", r"aðgangskort"),
        ("lykill", r"\bly(kil|kl)\w*"),
        ("handvirk skráning", r"handvirk"),
        ("aðgangseftirlit", r"aðgangseftirlit"),
        ("viðveruskráning", r"viðveruskrán"),
        ("rafræn vöktun", r"rafræn\w* vöktun"),
        ("ranglega samþykkt, ranglega hafnað", r"ranglega (samþykk|hafna)"),
        ("sniðmát", r"sniðmát"),
    ),
}
"""Terms that the project's list marks as from memory, and how they are recognised in a text."""

_CHOSEN: Mapping[Language, tuple[tuple[str, str], ...]] = {
    "en": (),
    "sv": (
        ("begränsning", r"användningen begränsad"),
        ("dataportabilitet", r"dataportabilitet"),
        ("göra invändningar", r"göra invändningar"),
        ("skyddsåtgärder", r"skyddsåtgärd"),
        ("kontaktpunkt", r"kontaktpunkt"),
    ),
    "is": (
        ("flutningsréttur", r"flutningsrétt"),
        ("andmælaréttur", r"andmæl"),
        ("tengiliður", r"tengilið"),
        ("verndarráðstafanir", r"verndarráðst"),
    ),
}
"""Terms that aren't on that list at all and were chosen here."""


def unchecked(text: str, language: Language) -> list[str]:
    """The terms in `text` that no native lawyer has checked, each once."""
    low = text.casefold()
    return [term for term, pattern in (*_UNCHECKED[language], *_CHOSEN[language]) if re.search(pattern, low)]
