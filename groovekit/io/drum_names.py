"""What the name of a track says: whether drums play on it.

Tracks are called in every language, by products, by kits and by single drums. A name
may say it for sure, or only that it may be: ``"Percussion"`` may be timpani, ``"808"``
a bass, and ``"Drum Synth Lead"`` speaks of drums and of something else.
"""

from __future__ import annotations

import contextlib
import enum
import re
import unicodedata


class Verdict(enum.Enum):
    """What a name says, by rising certainty."""

    NO = "no"
    PERHAPS = "perhaps"
    DRUMS = "drums"


# Of Japanese, Cyrillic, Chinese, Korean and Greek names.
_ENCODINGS = ("shift_jis", "cp1251", "gbk", "big5", "euc_kr", "cp1253")


# Phrases that mean something else than their words. What comes first is found first.
_PHRASES = (
    # Drums with a melody.
    (r"(steel|hang|tongue|hand)[ -]?(drum|pan)s?", "melody"),
    # A style of music.
    (r"drums?( ?(&|and|n|'n'|\+) ?)bass|dnb|d&b", "perhaps"),
    (r"(bass|base)[ -]?drums?|grosse caisse|gran ?cassa|bombo", "kick"),
    (r"caisse claire|kleine trommel", "snare"),
    # Programs of General MIDI that are called like drums and are no kits.
    (r"taiko ?drums?|reverse ?cymbals?|melodic ?toms?|synth ?drums?", "perhaps"),
    (r"ad ?2", "perhaps"),
    (r"tr ?(808|909|707|606|8s?|9|6s)", "drum"),
    (r"drum ?(pad|rack|machine|computer|sequencer)s?", "drum"),
    (r"(hi|closed|open|pedal)[ -]?hats?|hi hh", "hihat"),
    (r"addictive ?drums?( ?\d)?", "drum"),
    (r"superior ?drummer|battery ?\d", "drum"),
    (r"steven ?slate|slate ?drums?", "drum"),
    (r"modo ?drum", "drum"),
    (r"groove ?agent|drum ?gizmo|ultra ?beat|get ?good", "drum"),
)
# Beginnings of words that mean drums in some language, and of products' names.
_DRUMS = (
    *("drum", "schlagzeug", "trommel", "batteri", "bateri", "tambor", "tambur"),
    *("slagwerk", "slagverk", "trumm", "tromme", "trumset", "rummut", "rumpu"),
    *("perkus", "beben", "bebny", "bubn", "dobfelszer", "davul"),
    *("ударн", "ударні", "барабан", "ντραμ", "ドラム", "太鼓", "鼓", "드럼"),
    *("תופים", "طبول", "درامز"),
    *("ezdrum", "superior", "addictive", "toontrack", "jamstix", "redrum"),
    *("linndrum", "hydrogen"),
    # Single drums, of tracks that hold one each.
    *("kick", "snare", "hihat", "cymbal", "rimshot", "sidestick", "cowbell"),
    *("tambourin", "conga", "bongo", "timbal", "cajon", "maraca", "guiro"),
    *("cabasa", "djembe", "handclap"),
)
# The same, as whole words.
_DRUMS_WHOLE = frozenset(
    (
        *("kit", "kits", "bici", "tobe", "dobok", "bfd", "ssd", "ggd", "ezd", "modo"),
        *("tom", "toms", "crash", "crashes", "splash", "splashes", "clap", "claps"),
        *("ride", "rides"),
    )
)
# Words that mean drums most often: whether they do is for the notes to say.
_PERHAPS = (
    *("percus", "schlagwerk", "перкус", "パーカッション", "打击", "打楽器", "타악기"),
    *("beats", "battery", "loops", "shaker", "claves", "tabla", "taiko", "fpc"),
    *("impulse", "maschine", "sitala", "avl", "geist", "perhaps"),
)
_PERHAPS_WHOLE = frozenset(
    (
        *("perc", "808", "909", "707", "606", "beat", "groove", "loop", "hat", "hats"),
        *("hh", "bd", "sd", "oh", "ch", "china", "mpc", "rack", "style"),
    )
)
# Words of instruments with a melody, whatever else a name says.
_MELODY = (
    *("melod", "bass", "baixo", "bajo", "lead", "pad", "synth", "piano", "klavier"),
    *("keys", "keyboard", "organ", "orgel", "guitar", "gitarre", "guitare"),
    *("chitarra", "gtr", "string", "streicher", "violin", "viola", "cello"),
    *("vocal", "vox", "voice", "choir", "brass", "horn", "sax", "flute"),
    *("clarinet", "oboe", "trumpet", "trombone", "tuba", "harp", "glockenspiel"),
    *("xylo", "marimba", "vibra", "vibes", "timpan", "pauken", "kalimba"),
    *("celesta", "bells", "chime", "mallet", "tuned", "pitched", "chord", "arp"),
    *("pluck", "sub", "accordion", "rhodes", "wurli", "epiano", "sitar"),
)


def _normalised(name: str) -> str:
    """Small letters without accents, words apart from each other."""
    # "DrumKit" and "Drums1" are several words.
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    apart = re.sub(r"(?<=[^\W\d_]{2})(?=\d)", " ", apart)
    plain = unicodedata.normalize("NFKD", apart.casefold())
    plain = re.sub("[\u0300-\u036f]", "", plain)
    # What NFKD takes apart in other scripts (the voiced signs of kana) is put back.
    plain = unicodedata.normalize("NFKC", plain)
    return " ".join(re.sub(r"[_/|.:;,()\[\]{}#\"-]", " ", plain).split())


def _of(words: list[str], stems: tuple[str, ...], whole: frozenset[str]) -> set[str]:
    """Words that begin with one of some stems, or are one of some whole words."""
    return {
        word
        for word in words
        if word in whole
        or word.startswith(stems)
        # Scripts without spaces between words.
        or any(stem in word for stem in stems if not stem[0].isascii())
    }


def verdict(name: str) -> Verdict:
    """What the name of a track says.

    Args:
      name: of the track; may be empty. MIDI files do not tell its encoding: what was
        read as Latin-1 is also read as what is usual elsewhere.
    """
    return max(map(_verdict, _readings(name)), key=list(Verdict).index)


def _readings(name: str) -> list[str]:
    """A name, and what it may be in other encodings than Latin-1."""
    found = [name]
    if name.isascii():
        return found
    for encoding in _ENCODINGS:
        # Not all bytes are characters, and not all characters are of Latin-1.
        with contextlib.suppress(UnicodeError):
            found.append(name.encode("latin-1").decode(encoding))
    return found


def _verdict(name: str) -> Verdict:
    text = _normalised(name)
    for pattern, meaning in _PHRASES:
        found = rf"(?<!\w)({pattern})(?!\w)"
        if meaning == "melody" and re.search(found, text):
            return Verdict.NO
        text = re.sub(found, meaning, text)
    words = text.split()
    surely = _of(words, _DRUMS, _DRUMS_WHOLE)
    others = [word for word in words if word not in surely]
    perhaps = _of(others, _PERHAPS, _PERHAPS_WHOLE)
    if not surely and not perhaps:
        return Verdict.NO
    doubt = "perhaps" in words or _of(others, _MELODY, frozenset())
    return Verdict.DRUMS if surely and not doubt else Verdict.PERHAPS
