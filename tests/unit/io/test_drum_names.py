import pytest

from groovekit.io.drum_names import Verdict, verdict

SURE = """Drums|Drum Kit|DrumKit|drum_kit|DRUMSET|Drums 1|Drums-L|drums.mid|Jazz Drums|
Drum Pad|Drum Rack|Drummer (SoCal)|Schlagzeug|Trommeln|Batterie|Batteria|Bateria|
Batería|Batterie/Schlagzeug|Perkusja|Bębny|Bubny|Bicí|Trummor|Trommer|Rummut|Slagwerk|
Davul|ударные|Ударная установка|Барабаны|Ντραμς|ドラム|ドラムス|架子鼓|드럼|תופים|
EZdrummer 3|Superior Drummer 3|Addictive Drums 2|BFD3|Battery 4|SSD5|Steven Slate Drums|
Modo Drum|Groove Agent SE|808 Core Kit|TR-808|Rock Kit|Kit|Kick|Snare|Hi-Hat|HiHat|Toms|
Crash Cymbal|Ride|Bass Drum|Bassdrum|Grosse Caisse|Caisse Claire|Congas Lo|Claps"""
PERHAPS = """Percussion|Percussions|Perc|Percusión|パーカッション|808|808 Bass|909|
Battery|Hats|HH|Drum & Bass|Drum'n'Bass|Drum & Bass Lead|DnB Beat|Bass & Drums|
Drum Synth Lead|Bass Drum Pad|Addictive Keys|AD2|Beat|Synth Drum|Taiko Drum|
Melodic Tom|Reverse Cymbal"""
NO = """|Piano|Bass|Electric Bass (finger)|Strings|Melody|Track 1|Steel Drums|steeldrum|
Steel Pan|Hang Drum|Tongue Drum|Timpani|Marimba|Tubular Bells|Woodblock|Tom's Guitar|
Tomcat|Kitchen|Ridership|Conundrum|Vocals|Lead"""


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("ドラム", "shift_jis"),
        ("Ударные", "cp1251"),
        ("架子鼓", "gbk"),
        ("드럼", "euc_kr"),
        ("Batería", "latin-1"),
    ],
)
def test_names_in_the_encodings_of_their_countries(name, encoding):
    read = name.encode(encoding).decode("latin-1")
    assert verdict(read) is Verdict.DRUMS
    assert verdict("Flöte") is verdict("Çello Ã©") is Verdict.NO


@pytest.mark.parametrize(
    ("names", "said"),
    [(SURE, Verdict.DRUMS), (PERHAPS, Verdict.PERHAPS), (NO, Verdict.NO)],
)
def test_what_names_say(names, said):
    found = {name: verdict(name) for name in names.replace("\n", "").split("|")}
    assert found == dict.fromkeys(found, said)
