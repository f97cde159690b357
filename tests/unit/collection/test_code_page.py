# ruff: noqa: RUF001 - look-alike signs are what tags hold
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.collection.scan.code_page import guess_code_page

FOREIGN = {
    "cp1251": [
        "Рок",
        "Поп",
        "Джаз",
        "МОСКВА",
        "Кино|Группа крови",
        "Океан Ельзи|Обійми",
        "Бјело дугме|Ђурђевдан",
    ],
    "koi8_r": ["Кино|Группа крови"],
    "cp866": ["Кино|Группа крови"],
    "cp1250": ["Czesław Niemen", "Jaromír Nohavica|Těšínská", "Kraków|Może"],
    "cp1253": ["Χάρις Αλεξίου", "Μίκης Θεοδωράκης", "Ροκ|Λαϊκά"],
    "cp1255": ["שלמה ארצי", "אריק איינשטיין|עוף גוזל"],
    "cp1256": ["أم كلثوم|انت عمري"],
    "cp932": ["ロック", "山田太郎|夜の歌", "宇多田ヒカル|First Love"],
    "euc_jp": ["宇多田ヒカル|初恋のうた"],
    "gbk": ["王菲|红豆", "摇滚|崔健|一无所有"],
    "big5": ["張惠妹|聽海", "羅大佑|童年"],
    "cp949": ["조용필|단발머리"],
    "utf-8": ["Sigur Rós|Ágætis byrjun"],
}
WESTERN = [
    *("Beyoncé|Déjà Vu", "Édith Piaf|L’hymne à l’amour", "Trüby Trio|Ça plane pour moi|Ýmir", "CRÉÉE"),
    *("Motörhead|Überkill", "Die Ärzte|Männer sind Schweine", "Blümchen|Süß", "Jäääär", "ÄÖÜ", "Åååå"),
    *(
        "Håkan Hellström|Känn ingen sorg för mig Göteborg",
        "Øystein Sunde|Smi mens liggeren er varm",
        "ÆØÅ|æøå",
    ),
    *("Manu Chao|¿Qué horas son?", "¿corrupción de disco?", "Los Ñandúes|¡Olé!|N° 1|1ª", "Ñandú|ÑÑÑÑ"),
    *(
        "Os Mutantes|Não vá se perder por aí",
        "Lluís Llach|L’estaca|Què volen aquesta gent",
        "Mícheál Ó Súilleabháin",
    ),
    *(
        "Sigur Rós|Með suð í eyrum við spilum endalaust",
        "Þórður Þráinsson|Íslenskt",
        "Høgni|Dánjal á Løgmannslíð",
    ),
    *("É à ó", "O que é é à moda", "ÈÀÙ", "Ñññ"),
    *("“Heroes”|‘Til|don’t|rock ‘n’ roll", "Don¹t stop|I¹m", "E=MC²|H³", "½ Full|Café del Mar®|Ibiza™"),
]


@pytest.mark.parametrize(
    ("encoding", "texts"), [(encoding, texts) for encoding, group in FOREIGN.items() for texts in group]
)
def test_texts_of_other_code_pages_are_recognized(encoding, texts):
    assert guess_code_page([text.encode(encoding) for text in texts.split("|")]) == encoding


@pytest.mark.parametrize("texts", WESTERN)
def test_texts_that_may_be_latin_1_stay_so(texts):
    assert guess_code_page([text.encode("cp1252") for text in texts.split("|")]) is None


def test_ascii_is_no_evidence():
    assert guess_code_page([]) is None
    assert guess_code_page([b"Rock", b"Help!"]) is None


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_a_guess_decodes_any_bytes_or_is_none(texts):
    encoding = guess_code_page(texts)
    if encoding is not None:
        for text in texts:
            text.decode(encoding, "replace")
