"""Drum files of many kinds, as drum software, DAWs and notation programs write them.

Each is built by a few lines of code and knows how many strokes and how many melodic
notes it holds, and on which channels its drums lie.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

from helpers.midi import chunk, header, number

DRUMS, FIRST = 9, 0
KICK, SNARE, HAT, OPEN_HAT, CRASH = 36, 38, 42, 46, 49
PIANO, BASS, STRINGS, STEEL_DRUMS, TIMPANI = 0, 33, 48, 114, 47
NAME, INSTRUMENT, MARKER = 0x03, 0x04, 0x06


@dataclasses.dataclass(frozen=True)
class DrumFile:
    """A file and what is right about it.

    Attributes:
      name: of the file.
      data: its contents.
      hits: how many strokes it holds.
      melodic: how many other notes.
      drums: the tracks and channels of its drums, both from 0.
    """

    name: str
    data: bytes
    hits: int
    melodic: int
    drums: frozenset[tuple[int, int]]

    @property
    def has_drums(self) -> bool:
        """Whether there is anything to humanise."""
        return self.hits > 0


class Track:
    """Events by their ticks, on the way to bytes."""

    def __init__(self, name: str | bytes = "", *, division: int = 480) -> None:
        self.division = division
        self.events: list[tuple[int, int, bytes]] = []
        self.hits = self.melodic = self.end = 0
        self.channels: set[int] = set()
        if name:
            self.meta(NAME, name if isinstance(name, bytes) else name.encode())

    def add(self, data: bytes, at: float = 0, *, rank: int = 0) -> Track:
        """An event at a position in quarters; of lower rank first in its tick."""
        tick = round(at * self.division)
        self.events.append((tick, rank, data))
        self.end = max(self.end, tick)
        return self

    def meta(self, kind: int, content: bytes, at: float = 0) -> Track:
        return self.add(bytes([0xFF, kind]) + number(len(content)) + content, at)

    def tempo(self, qpm: float, at: float = 0) -> Track:
        return self.meta(0x51, round(60e6 / qpm).to_bytes(3, "big"), at)

    def time(self, beats: int, unit: int = 4, at: float = 0) -> Track:
        power = unit.bit_length() - 1
        return self.meta(0x58, bytes([beats, power, 24, 8]), at)

    def program(self, program: int, channel: int, bank: int | None = None) -> Track:
        if bank is not None:
            self.control(0, bank, channel).control(32, 0, channel)
        return self.add(bytes([0xC0 | channel, program]))

    def control(self, kind: int, value: int, channel: int, at: float = 0) -> Track:
        return self.add(bytes([0xB0 | channel, kind, value]), at)

    def note(
        self,
        pitch: int,
        at: float,
        length: float | None = 0.25,
        *,
        channel: int = DRUMS,
        velocity: int = 100,
        drum: bool = True,
        off: bytes = b"",
    ) -> Track:
        """A note; ``length`` None leaves it without an end."""
        self.add(bytes([0x90 | channel, pitch, velocity]), at, rank=1)
        if length is not None:
            end = off or bytes([0x80 | channel, pitch, 64])
            # What has no length ends behind its begin, everything else before others.
            self.add(end, at + length, rank=0 if length else 2)
        if drum:
            self.hits += 1
            self.channels.add(channel)
        else:
            self.melodic += 1
        return self

    def beat(
        self,
        bars: int = 4,
        *,
        begin: float = 0,
        quarters: float = 4,
        pitches: tuple[int, int, int] = (KICK, SNARE, HAT),
        **note: object,
    ) -> Track:
        """Kick and snare in turn on the quarters, hats on the eighths."""
        kick, snare, hat = pitches
        for bar in range(bars):
            for eighth in range(round(quarters * 2)):
                at = begin + bar * quarters + eighth / 2
                self.note(hat, at, velocity=80 + 10 * (eighth % 2), **note)
                if eighth % 2 == 0:
                    self.note((kick, snare)[eighth // 2 % 2], at, **note)
        return self

    def line(
        self, program: int, channel: int, *, bars: int = 4, lowest: int = 36
    ) -> Track:
        """A melodic line of quarters."""
        self.program(program, channel)
        for at in range(bars * 4):
            pitch = lowest + (0, 7, 3, 5)[at % 4]
            self.note(pitch, at, 0.9, channel=channel, velocity=70 + at, drum=False)
        return self

    def content(self, *, running: bool = False, end: float | None = None) -> bytes:
        """The events in bytes, with the end of track at ``end`` quarters."""
        out, before, status = bytearray(), 0, -1
        for tick, _, data in sorted(self.events, key=lambda event: event[:2]):
            out += number(tick - before)
            before = tick
            keeps = running and data[0] == status
            out += data[1:] if keeps else data
            status = data[0] if data[0] < 0xF0 else -1
        last = self.end if end is None else round(end * self.division)
        return bytes(out) + number(max(last - before, 0)) + b"\xff\x2f\x00"


def put_together(
    *tracks: Track, kind: int = 1, division: int | None = None, **options: object
) -> bytes:
    """A file of tracks."""
    division = tracks[0].division if division is None else division
    data = header(len(tracks), resolution=division, kind=kind)
    return data + b"".join(chunk(b"MTrk", track.content(**options)) for track in tracks)


# The kinds -------------------------------------------------------------------------

_KINDS: dict[str, Callable[[], Iterator[tuple[str, bytes, list[Track]]]]] = {}


def _kind(function: Callable[[], Iterator[tuple[str, bytes, list[Track]]]]):
    _KINDS[function.__name__] = function
    return function


def _made(name: str, *tracks: Track, data: bytes | None = None, **options: object):
    made = put_together(*tracks, **options) if data is None else data
    return name, made, list(tracks)


def drum_files() -> Iterator[DrumFile]:
    """All files, in a fixed order."""
    for make in _KINDS.values():
        for name, data, tracks in make():
            yield DrumFile(
                name if "." in name else f"{name}.mid",
                data,
                sum(track.hits for track in tracks),
                sum(track.melodic for track in tracks),
                frozenset(
                    (index, channel)
                    for index, track in enumerate(tracks)
                    for channel in track.channels
                ),
            )


def write_drum_files(folder: Path) -> list[DrumFile]:
    """Writes all files into a folder."""
    files = list(drum_files())
    for file in files:
        (folder / file.name).write_bytes(file.data)
    return files


def _conductor(qpm: float = 112) -> Track:
    return Track("Tempo").time(4).tempo(qpm)


@_kind
def songs():
    """Drums among other instruments, known by their channel."""
    yield _made("plain_type_0", _conductor().beat(8), kind=0)
    yield _made("plain_type_1", _conductor(), Track("Track 2").beat(8))
    yield _made(
        "song_with_bass_and_strings",
        _conductor(),
        Track("Bass").line(BASS, 1),
        Track("Strings").line(STRINGS, 2, lowest=60),
        Track("Drums").beat(),
    )
    mixed = _conductor().line(BASS, 1).line(PIANO, 0, lowest=48).beat()
    yield _made("song_type_0", mixed, kind=0)
    yield _made(
        "drums_and_percussion_on_one_channel",
        _conductor(),
        Track("Kit").beat(),
        Track("Perc").beat(pitches=(64, 63, 70)),
    )
    yield _made(
        "a_line_in_the_range_of_drums",
        _conductor(),
        Track("Left hand").line(PIANO, 0, lowest=36),
        Track("").beat(),
    )
    yield _made(
        "steel_drums_and_timpani_are_melodic",
        _conductor(),
        Track("Steel Drums").line(STEEL_DRUMS, 0, lowest=60),
        Track("Timpani").line(TIMPANI, 1, lowest=40),
        Track("Drums").beat(),
    )
    yield _made("bass_alone", _conductor(), Track("Bass").line(BASS, 1, lowest=28))
    yield _made("piano_alone", _conductor(), Track("Piano").line(PIANO, 0, lowest=40))
    lanes = [("Kick", KICK), ("Snare", SNARE), ("Hi-Hat", HAT)]
    tracks = [_conductor()]
    for name, pitch in lanes:
        lane = Track(name)
        for at in range(16):
            lane.note(pitch, at + (0.5 if pitch == HAT else 0))
        tracks.append(lane)
    yield _made("a_track_for_each_drum", *tracks)


_NAMES = {
    "german": "Schlagzeug",
    "french": "Batterie",
    "spanish": "Batería".encode("latin-1"),
    "portuguese": "Bateria",
    "italian": "Batteria",
    "russian": "Ударные".encode("cp1251"),
    "japanese_utf_8": "ドラム",
    "japanese_shift_jis": "ドラム".encode("shift-jis"),
    "chinese": "架子鼓",
    "english_plural": "DRUMS",
    "english_set": "Drum Set",
    "percussion": "Percussion",
}


@_kind
def names():
    """Drums on other channels beside a piano, known by their track's name."""
    for language, name in _NAMES.items():
        yield _made(
            f"named_{language}",
            _conductor(),
            Track("Piano").line(PIANO, 0, lowest=60),
            Track(name).beat(channel=15),
        )
    yield _made(
        "named_by_instrument_meta",
        _conductor(),
        Track("Piano").line(PIANO, 0, lowest=60),
        Track().meta(INSTRUMENT, b"Drum Kit").beat(channel=3),
    )
    yield _made(
        "drums_first_bass_second",
        _conductor(),
        Track("Drum Kit").beat(channel=0),
        Track("E-Bass").line(BASS, 1, lowest=33),
    )


_PRODUCTS = (
    "Superior Drummer 3",
    "EZdrummer 3",
    "Addictive Drums 2",
    "BFD3",
    "SSDSampler5",
    "MODO DRUM",
    "DrumGizmo",
    "Drum Rack",
    "808 Core Kit",
    "Battery 4",
)


@_kind
def products():
    """What drum software exports: one track on channel 1."""
    for product in _PRODUCTS:
        name = product.lower().replace(" ", "_")
        track = _conductor().meta(NAME, product.encode()).beat(channel=FIRST)
        yield _made(f"export_of_{name}", track, kind=0)
    yield _made("export_without_a_name", Track().beat(8, channel=FIRST), kind=0)
    tracks = [_conductor()]
    for name, pitch in (("Kick", KICK), ("Snare", SNARE), ("HH", HAT)):
        lane = Track(name)
        for at in range(16):
            lane.note(pitch, at, channel=FIRST)
        tracks.append(lane)
    yield _made("export_of_stems_on_channel_1", *tracks)


@_kind
def kits():
    """Pitches of other products' maps, on channel 10."""
    for name, pitches in {
        "kick_35": (35, 38, 42),
        "edrum_edges": (36, 40, 22),
        "octave_up": (48, 50, 54),
        "two_octaves_up": (60, 62, 66),
        "superior_hats": (36, 38, 61),
        "addictive_hats": (36, 38, 49),
        "bfd": (36, 38, 54),
    }.items():
        yield _made(f"kit_{name}", _conductor().beat(8, pitches=pitches), kind=0)


def _strokes(**options: object) -> Track:
    return _conductor().beat(8, **options)


@_kind
def strokes():
    """Note-ons and note-offs in all their forms."""
    yield _made("running_status", _strokes(), kind=0, running=True)
    track = _conductor()
    for at in range(64):
        off = bytes([0x90 | DRUMS, HAT, 0])
        track.note(HAT, at / 2, off=off)
        track.note(KICK, at / 2, off=bytes([0x90 | DRUMS, KICK, 0]))
    yield _made("note_offs_are_velocity_0", track, kind=0, running=True)
    yield _made("no_lengths", _strokes(length=0), kind=0)
    yield _made("no_note_offs", _strokes(length=None), kind=0)
    yield _made("a_tick_long", _strokes(length=1 / 480), kind=0)
    yield _made("overlapping_themselves", _strokes(length=1.75), kind=0)
    twice = _strokes()
    for at in range(0, 32, 4):
        twice.note(KICK, at, velocity=64)
    yield _made("struck_twice_at_once", twice, kind=0)
    late = _conductor()
    for at in range(32):
        late.note(SNARE if at % 2 else KICK, at, 100)
    yield _made("note_offs_at_the_very_end", late, kind=0)
    orphans = _strokes()
    for at in range(8):
        orphans.add(bytes([0x80 | DRUMS, 51, 0]), at)
    yield _made("note_offs_of_nothing", orphans, kind=0)
    for value in (1, 127):
        yield _made(f"all_velocities_{value}", _even(value), kind=0)


def _even(velocity: int) -> Track:
    track = _conductor()
    for at in range(32):
        track.note(SNARE if at % 2 else KICK, at, velocity=velocity)
    return track


def _wrapped(data: bytes) -> bytes:
    body = b"RMID" + chunk(b"data", data)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


@_kind
def containers():
    """Headers, chunks and tracks that are not as the standard has them."""
    plain = _strokes()
    data = put_together(plain, kind=0)
    little = len(data).to_bytes(4, "little")
    wrapped = b"RMIDdata" + little + data + b"\x00" * (len(data) % 2)
    riff = b"RIFF" + len(wrapped).to_bytes(4, "little") + wrapped
    yield _made("riff.rmi", plain, data=riff)
    yield _made("riff_called_mid", plain, data=riff)
    yield _made("karaoke.kar", plain, data=data)
    yield _made("standard.smf", plain, data=data)
    yield _made("long.midi", plain, data=data)
    content = plain.content()
    head = header(1, resolution=480, kind=0)
    track = chunk(b"MTrk", content)
    yield _made("junk_before", plain, data=bytes(128) + data)
    yield _made("junk_behind", plain, data=data + b"\r\n--boundary--\r\n")
    longer = chunk(b"MThd", head[8:] + b"\x00\x00\x00\x00")
    yield _made("header_of_10_bytes", plain, data=longer + track)
    for count in (0, 2, 5):
        wrong = header(count, resolution=480)
        yield _made(f"header_says_{count}_tracks", plain, data=wrong + track)
    for size in (0, 10, 0xFFFFFFFF):
        wrong = chunk(b"MTrk", content, size=size)
        yield _made(f"track_says_{size}_bytes", plain, data=head + wrong)
    without = chunk(b"MTrk", content[:-4])
    yield _made("no_end_of_track", plain, data=head + without)
    cut = chunk(b"MTrk", content, size=len(content) + 40)
    yield _made("cut_off", plain, data=head + cut)
    alien = chunk(b"XFIH", b"karaoke data") + track + chunk(b"XFKM", b"more")
    yield _made("alien_chunks", plain, data=head + alien)
    yield _made("end_of_track_far_away", plain, kind=0, end=400_000)
    middle = b"\x00\xff\x2f\x00" + content
    yield _made("end_of_track_first", plain, data=head + chunk(b"MTrk", middle))
    yield _made("type_0_with_2_tracks", _conductor(), Track().beat(8), kind=0)
    yield _made("type_2_with_1_pattern", _strokes(), kind=2)
    tracks = [Track(), _conductor(), Track("Empty"), Track("Drums").beat(8), Track()]
    yield _made("empty_tracks", *tracks)


@_kind
def divisions():
    """Ticks a quarter, and frames a second."""
    for division in (24, 48, 96, 120, 192, 384, 960, 3840, 15360):
        track = Track("Drums", division=division).time(4).tempo(96).beat(8)
        yield _made(f"division_{division}", track, kind=0)
    for frames, ticks in ((24, 80), (25, 40), (29, 80), (30, 100)):
        # A quarter at 120 in ticks of frames.
        track = Track("Drums", division=frames * ticks // 2).beat(8)
        value = (256 - frames) << 8 | ticks
        yield _made(f"frames_{frames}", track, kind=0, division=value)


@_kind
def tempos():
    """Tempo maps."""
    yield _made("no_tempo", Track("Drums").beat(8), kind=0)
    yield _made("tempo_on_the_second_track", Track("a"), Track("b").tempo(95).beat(8))
    slower = _strokes()
    for at in range(64):
        slower.tempo(112 - at / 2, at / 2)
    yield _made("tempo_falls_all_the_time", slower, kind=0)
    sections = _strokes().tempo(140, 16)
    yield _made("tempo_of_each_half", sections, kind=0)
    yield _made("tempo_twice_at_once", _strokes().tempo(90).tempo(100), kind=0)
    yield _made("tempo_a_little_off", _strokes().tempo(112.01, 15.98), kind=0)
    yield _made("tempo_behind_the_music", _strokes().tempo(60, 2000), kind=0)
    for qpm in (30, 60, 200, 280):
        yield _made(f"tempo_{qpm}", _strokes().tempo(qpm), kind=0)


@_kind
def time_signatures():
    """Time signatures, pickups and odd bars."""
    for beats, unit in ((2, 4), (3, 4), (5, 4), (2, 2), (6, 8), (7, 8), (12, 8)):
        quarters = beats * 4 / unit
        track = Track("Drums").time(beats, unit).tempo(112).beat(8, quarters=quarters)
        yield _made(f"time_{beats}_{unit}", track, kind=0)
    yield _made("no_time_signature", Track("Drums").tempo(112).beat(8), kind=0)
    yield _made("two_time_signatures_at_once", Track().time(3).time(4).beat(8), kind=0)
    pickup = Track("Drums").time(1).time(4, at=1).tempo(112)
    pickup.note(SNARE, 0).note(SNARE, 0.5).beat(8, begin=1)
    yield _made("pickup", pickup, kind=0)
    odd = Track("Drums").time(4).time(2, at=16).time(4, at=18)
    odd.beat(4).beat(1, begin=16, quarters=2).beat(4, begin=18)
    yield _made("an_odd_bar", odd, kind=0)
    both = Track("Drums").time(4).time(7, 8, at=16)
    both.beat(4).beat(4, begin=16, quarters=3.5)
    yield _made("from_4_4_to_7_8", both, kind=0)
    behind = Track("Drums").time(4).time(3, at=40).beat(8)
    yield _made("time_signature_behind_the_music", behind, kind=0)
    halves = Track("Drums").time(4).time(2, 2, at=16).beat(8)
    yield _made("from_4_4_to_2_2", halves, kind=0)


@_kind
def lengths():
    """Loops, count-ins and silence."""
    for bars in (1, 2, 3, 5):
        track = _conductor().beat(bars)
        yield _made(f"loop_of_{bars}", track, kind=0)
        yield _made(f"loop_of_{bars}_to_its_bar", track, kind=0, end=bars * 4)
    yield _made("eight_bars_of_silence_first", _conductor().beat(4, begin=32), kind=0)
    yield _made("begins_off_the_bar", _conductor().beat(4, begin=2.5), kind=0)
    breaks = _conductor().beat(4).beat(4, begin=64)
    yield _made("twelve_bars_of_silence_between", breaks, kind=0)
    yield _made("one_hit", _conductor().note(CRASH, 0), kind=0)
    yield _made("long_take", _conductor().beat(64), kind=0)


@_kind
def close_strokes():
    """Several strokes of a drum in one sixteenth."""
    flams = _strokes()
    for at in range(1, 32, 2):
        flams.note(SNARE, at - 1 / 24, 1 / 48, velocity=50)
    yield _made("flams", flams, kind=0)
    drags = _strokes()
    for at in range(1, 32, 2):
        drags.note(SNARE, at - 1 / 8, 1 / 48, velocity=40)
        drags.note(SNARE, at - 1 / 16, 1 / 48, velocity=45)
    yield _made("drags", drags, kind=0)
    for name, gap in {
        "triplets": 1 / 6,
        "thirty_seconds": 1 / 8,
        "roll": 1 / 16,
    }.items():
        track = _conductor()
        for index in range(round(16 / gap)):
            track.note(HAT, index * gap, gap / 2, velocity=60 + index % 3 * 10)
        for at in range(16):
            track.note(SNARE if at % 2 else KICK, at)
        yield _made(f"hats_in_{name}", track, kind=0)
    swing = _conductor()
    for at in range(32):
        swing.note(51, at).note(51, at + 2 / 3)
        swing.note(KICK if at % 2 == 0 else SNARE, at)
    yield _made("swung", swing, kind=0)
    blast = _conductor(240)
    for at in range(128):
        blast.note(KICK if at % 2 else SNARE, at / 4, 1 / 8).note(CRASH, at / 2, 1 / 8)
    yield _made("blast_beat", blast, kind=0)


@_kind
def controllers():
    """What stands between the notes."""
    pedal = _strokes()
    for at in range(64):
        pedal.control(4, (0, 30, 90, 127)[at % 4], DRUMS, at / 2 - 0.02 * (at > 0))
    yield _made("hi_hat_pedal", pedal, kind=0)
    choke = _strokes()
    for at in range(0, 32, 4):
        choke.note(CRASH, at, 2)
        for value in (127, 0):
            pressed = bytes([0xA0 | DRUMS, CRASH, value])
            choke.add(pressed, at + (0.5 if value else 0.6))
    yield _made("chokes_by_key_pressure", choke, kind=0)
    pressure = _strokes().add(bytes([0xD0 | DRUMS, 50]), 3)
    pressure.add(bytes([0xE0 | DRUMS, 0, 70]), 4.5)
    yield _made("channel_pressure_and_bends", pressure, kind=0)
    yield _made("bank_and_program", _conductor().program(16, DRUMS, bank=120).beat(8))
    yield _made(
        "bank_and_program_beside",
        _conductor(),
        Track("Pad").program(89, 2, bank=8).line(89, 2, lowest=60),
        Track("Drums").program(25, DRUMS, bank=0).beat(),
    )
    setup = _conductor()
    for message in ("7e7f0901f7", "4110421240007f0041f7", "43104c00007e00f7"):
        content = bytes.fromhex(message)
        setup.add(b"\xf0" + number(len(content)) + content)
    yield _made("system_exclusive", setup.beat(8), kind=0)
    split = _conductor().add(b"\xf0\x03\x43\x12\x00").add(b"\xf7\x03\x43\x12\xf7", 0.5)
    yield _made("system_exclusive_in_parts", split.beat(8), kind=0)
    texts = _conductor()
    for kind, at in (
        (0x01, 0),
        (0x02, 0),
        (0x05, 1),
        (MARKER, 4),
        (0x07, 8),
        (0x09, 0),
    ):
        texts.meta(kind, "Strophe é".encode("latin-1"), at)
    texts.meta(0x59, b"\xfd\x01").meta(0x7F, b"\x00\x00\x41\x01\x02")
    texts.meta(0x54, bytes([0x60, 0, 0, 0, 0])).meta(0x00, b"\x00\x07")
    yield _made("texts_and_markers", texts.beat(8), kind=0)
    prefix = Track("Drums").meta(0x20, bytes([DRUMS])).meta(0x21, b"\x00").beat(8)
    yield _made("channel_and_port_prefix", _conductor(), prefix)
    ports = [_conductor()]
    for port in range(2):
        line = Track(f"Keys {port}").meta(0x21, bytes([port]))
        ports.append(line.line(PIANO, 0, lowest=60))
        ports.append(Track(f"Drums {port}").meta(0x21, bytes([port])).beat())
    yield _made("two_ports_with_drums_each", *ports)
    many = [_conductor(), Track("Drums").beat()]
    for index in range(18):
        line = Track(f"Voice {index}").meta(0x21, bytes([index // 15]))
        channel = index % 15 + (index % 15 >= DRUMS)
        many.append(line.line(index * 5, channel, lowest=60))
    yield _made("more_instruments_than_channels", *many)
    programs = _conductor().line(PIANO, 0, lowest=60)
    programs.add(bytes([0xC0, STRINGS]), 8)
    yield _made("program_changes_on_the_way", programs, Track("Drums").beat())


@_kind
def programs():
    """Layouts of well-known programs and modules."""
    channel = 0
    logic = Track("SoCal").control(7, 90, channel).beat(channel=channel)
    yield _made("like_garageband", _conductor().meta(0x54, bytes(5)), logic)
    muse = Track("Drumset").time(4).tempo(120).meta(0x59, b"\x00\x00")
    muse.control(121, 0, DRUMS).program(0, DRUMS)
    for kind, value in ((7, 100), (10, 64), (91, 0), (93, 0)):
        muse.control(kind, value, DRUMS)
    yield _made("like_musescore", muse.meta(0x21, b"\x00").beat(8))
    lanes = [Track().tempo(128).meta(0x7F, b"\x00\x46\x4c")]
    for name, pitch in (("Kick", 60), ("Clap", 60), ("Closed Hat", 60)):
        lane = Track(name)
        for at in range(16):
            lane.note(pitch, at, 0.2, channel=channel)
        lanes.append(lane)
    yield _made("like_fl_studio_with_a_sample_each", *lanes)
    reaper = Track("Drums").beat(8)
    reaper.control(123, 0, DRUMS, 32)
    yield _made("like_reaper", _conductor(), reaper)
    cubase = Track("Groove Agent SE").meta(0x20, b"\x00").beat(channel=channel)
    master = _conductor().meta(0x54, b"\x61\x00\x00\x00\x00")
    for at in range(0, 16, 4):
        master.meta(MARKER, b"Part %d" % at, at)
    yield _made("like_cubase", master, cubase)
    guitar_pro = [_conductor()]
    for name, program, own in (("Gtr 1", 29, 0), ("Gtr 2", 30, 1), ("Bass", 33, 2)):
        guitar_pro.append(Track(name).line(program, own, lowest=40))
    kit = Track("Drums").program(0, DRUMS).control(7, 104, DRUMS)
    yield _made("like_guitar_pro", *guitar_pro, kit.beat())
    module = Track("TD-17").time(4).tempo(105)
    for at in range(64):
        module.control(4, 90 if at % 4 else 10, DRUMS, at / 2)
        module.note((22, 42, 26, 46)[at % 4], at / 2 + 0.01, 1 / 480)
    for at in range(32):
        module.note(SNARE if at % 2 else KICK, at + 0.008, 1 / 480)
        module.add(bytes([0xA0 | DRUMS, CRASH, 127]), at + 0.3)
    yield _made("like_an_e_drum_module", module, kind=0)
    for name, pitches in {"alesis": (36, 38, 8), "yamaha_dtx": (33, 31, 78)}.items():
        track = _conductor().beat(8, pitches=pitches)
        yield _made(f"like_an_{name}_module", track, kind=0)
    take = _conductor().beat(8)
    for index, (tick, rank, data) in enumerate(take.events):
        # As played: nothing stands on the grid.
        if data[0] & 0xF0 in (0x80, 0x90):
            late = tick + (index * 7919 % 23) + 6
            take.events[index] = (late, rank, data)
    take.end += 60
    yield _made("a_played_take", take, kind=0)
    few = _conductor().beat(8)
    for at in range(0, 32, 8):
        few.note(CRASH, at, 0)
    yield _made("a_few_strokes_without_a_length", few, kind=0)
    sticks = _conductor()
    for at in range(4):
        sticks.note(37, at)
    yield _made("count_in", sticks.beat(4, begin=4), kind=0)
    two = _conductor().beat().beat(channel=10)
    yield _made("two_kits_on_two_channels", two.control(0, 127, 10), kind=0)
    clock = _conductor().beat(8)
    for at in range(32):
        clock.add(b"\xf8", at + 0.1)
    yield _made("clock_bytes_between", clock, kind=0)
    yield _made("header_of_type_3", _conductor(), Track("Drums").beat(8), kind=3)
