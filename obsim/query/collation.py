"""utf8mb4_general_ci, OceanBase's collation where nothing else is said.

Letter case, accents and blanks at the end do not count when texts are compared, and `_` stands after the letters.

The weights are those that MariaDB's WEIGHT_STRING gives for the same collation, which both share with MySQL.
"""

# ruff: noqa: RUF001, E501 - letters that look like others are what the table is about, and some are two columns wide

from typing import TypeVar

__all__ = ["folded", "key_of", "order", "sort_key"]

_GROUPS = """
    AÀÁÂÃÄÅàáâãäåĀāĂăĄąǍǎǞǟǠǡǺǻȀȁȂȃȦȧḀḁẠạẢảẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặ BḂḃḄḅḆḇ CÇçĆćĈĉĊċČčḈḉ DĎďḊḋḌḍḎḏḐḑḒḓ
    EÈÉÊËèéêëĒēĔĕĖėĘęĚěȄȅȆȇȨȩḔḕḖḗḘḙḚḛḜḝẸẹẺẻẼẽẾếỀềỂểỄễỆệ FḞḟ GĜĝĞğĠġĢģǦǧǴǵḠḡ HĤĥȞȟḢḣḤḥḦḧḨḩḪḫẖ
    IÌÍÎÏìíîïĨĩĪīĬĭĮįİıǏǐȈȉȊȋḬḭḮḯỈỉỊị JĴĵǰ KĶķǨǩḰḱḲḳḴḵ LĹĺĻļĽľḶḷḸḹḺḻḼḽ MḾḿṀṁṂṃ NÑñŃńŅņŇňǸǹṄṅṆṇṈṉṊṋ
    OÒÓÔÕÖòóôõöŌōŎŏŐőƠơǑǒǪǫǬǭȌȍȎȏȪȫȬȭȮȯȰȱṌṍṎṏṐṑṒṓỌọỎỏỐốỒồỔổỖỗỘộỚớỜờỞởỠỡỢợ PṔṕṖṗ RŔŕŖŗŘřȐȑȒȓṘṙṚṛṜṝṞṟ
    SßŚśŜŝŞşŠšſȘșṠṡṢṣṤṥṦṧṨṩẛ TŢţŤťȚțṪṫṬṭṮṯṰṱẗ UÙÚÛÜùúûüŨũŪūŬŭŮůŰűŲųƯưǓǔǕǖǗǘǙǚǛǜȔȕȖȗṲṳṴṵṶṷṸṹṺṻỤụỦủỨứỪừỬửỮữỰự
    VṼṽṾṿ WŴŵẀẁẂẃẄẅẆẇẈẉẘ XẊẋẌẍ YÝýÿŶŷŸȲȳẎẏẙỲỳỴỵỶỷỸỹ ZŹźŻżŽžẐẑẒẓẔẕ ÆæǢǣǼǽ Ðð ØøǾǿ Þþ Đđ Ħħ Ĳĳ Ŀŀ Łł Ŋŋ Œœ Ŧŧ Ɓɓ
    Ƃƃ Ƅƅ Ɔɔ Ƈƈ Ɖɖ Ɗɗ Ƌƌ Ǝǝ Əə Ɛɛ Ƒƒ Ɠɠ Ɣɣ Ɩɩ Ɨɨ Ƙƙ Ɯɯ Ɲɲ Ɵɵ Ƣƣ Ƥƥ Ʀʀ Ƨƨ Ʃʃ Ƭƭ Ʈʈ Ʊʊ Ʋʋ Ƴƴ Ƶƶ ƷǮǯʒ Ƹƹ Ƽƽ Ǆǅǆ Ǉǈǉ
    Ǌǋǌ Ǥǥ Ǳǲǳ Ƕƕ Ƿƿ Ȝȝ Ȣȣ Ȥȥ ΑΆάαἀἁἂἃἄἅἆἇἈἉἊἋἌἍἎἏὰᾀᾁᾂᾃᾄᾅᾆᾇᾈᾉᾊᾋᾌᾍᾎᾏᾰᾱᾲᾳᾴᾶᾷᾸᾹᾺᾼ Ββϐ Γγ Δδ ΕΈέεἐἑἒἓἔἕἘἙἚἛἜἝὲῈ Ζζ
    ΗΉήηἠἡἢἣἤἥἦἧἨἩἪἫἬἭἮἯὴᾐᾑᾒᾓᾔᾕᾖᾗᾘᾙᾚᾛᾜᾝᾞᾟῂῃῄῆῇῊῌ Θθϑ Ι\u0345ΊΐΪίιϊἰἱἲἳἴἵἶἷἸἹἺἻἼἽἾἿὶιῐῑῒῖῗῘῙῚ Κκϰ Λλ Μµμ Νν Ξξ
    ΟΌοόὀὁὂὃὄὅὈὉὊὋὌὍὸῸ Ππϖ ΡρϱῤῥῬ Σςσϲ Ττ ΥΎΫΰυϋύὐὑὒὓὔὕὖὗὙὛὝὟὺῠῡῢῦῧῨῩῪ Φφϕ Χχ Ψψ
    ΩΏωώὠὡὢὣὤὥὦὧὨὩὪὫὬὭὮὯὼᾠᾡᾢᾣᾤᾥᾦᾧᾨᾩᾪᾫᾬᾭᾮᾯῲῳῴῶῷῺῼ ϒϓϔ Ϛϛ Ϝϝ Ϟϟ Ϡϡ Ϣϣ Ϥϥ Ϧϧ Ϩϩ Ϫϫ Ϭϭ Ϯϯ Ђђ Єє Ѕѕ ІЇії Јј Љљ Њњ Ћћ
    Џџ АаӐӑӒӓ Бб Вв ГЃгѓ Дд ЕЀЁеѐёӖӗ ЖжӁӂӜӝ ЗзӞӟ ИЍиѝӢӣӤӥ Йй КЌкќ Лл Мм Нн ОоӦӧ Пп Рр Сс Тт УЎуўӮӯӰӱӲӳ Фф Хх Цц
    ЧчӴӵ Шш Щщ Ъъ ЫыӸӹ Ьь ЭэӬӭ Юю Яя Ѡѡ Ѣѣ Ѥѥ Ѧѧ Ѩѩ Ѫѫ Ѭѭ Ѯѯ Ѱѱ Ѳѳ ѴѵѶѷ Ѹѹ Ѻѻ Ѽѽ Ѿѿ Ҁҁ Ҍҍ Ҏҏ Ґґ Ғғ Ҕҕ Җҗ Ҙҙ Ққ
    Ҝҝ Ҟҟ Ҡҡ Ңң Ҥҥ Ҧҧ Ҩҩ Ҫҫ Ҭҭ Үү Ұұ Ҳҳ Ҵҵ Ҷҷ Ҹҹ Һһ Ҽҽ Ҿҿ Ӄӄ Ӈӈ Ӌӌ Ӕӕ ӘәӚӛ Ӡӡ ӨөӪӫ Աա Բբ Գգ Դդ Եե Զզ Էէ Ըը Թթ Ժժ
    Իի Լլ Խխ Ծծ Կկ Հհ Ձձ Ղղ Ճճ Մմ Յյ Նն Շշ Ոո Չչ Պպ Ջջ Ռռ Սս Վվ Տտ Րր Ցց Ււ Փփ Քք Օօ Ֆֆ Άά Έέ Ήή Ίί Ύύ Όό Ώώ Ⅰⅰ
    Ⅱⅱ Ⅲⅲ Ⅳⅳ Ⅴⅴ Ⅵⅵ Ⅶⅶ Ⅷⅷ Ⅸⅸ Ⅹⅹ Ⅺⅺ Ⅻⅻ Ⅼⅼ Ⅽⅽ Ⅾⅾ Ⅿⅿ Ⓐⓐ Ⓑⓑ Ⓒⓒ Ⓓⓓ Ⓔⓔ Ⓕⓕ Ⓖⓖ Ⓗⓗ Ⓘⓘ Ⓙⓙ Ⓚⓚ Ⓛⓛ Ⓜⓜ Ⓝⓝ Ⓞⓞ Ⓟⓟ Ⓠⓠ Ⓡⓡ Ⓢⓢ Ⓣⓣ Ⓤⓤ
    Ⓥⓥ Ⓦⓦ Ⓧⓧ Ⓨⓨ Ⓩⓩ Ａａ Ｂｂ Ｃｃ Ｄｄ Ｅｅ Ｆｆ Ｇｇ Ｈｈ Ｉｉ Ｊｊ Ｋｋ Ｌｌ Ｍｍ Ｎｎ Ｏｏ Ｐｐ Ｑｑ Ｒｒ Ｓｓ Ｔｔ Ｕｕ Ｖｖ Ｗｗ Ｘｘ Ｙｙ Ｚｚ
"""
"""Each word: a weight as a character, then the characters that have it; the letters a to z are left out."""
_SUPPLEMENTARY = 0xFFFD
"""Beyond the first 65,536 characters all have one weight."""


class _Weights(dict[int, int]):
    """For `str.translate`: characters that are not listed weigh what they are."""

    def __missing__(self, code: int) -> int:
        weight = self[code] = code if code <= 0xFFFF else _SUPPLEMENTARY
        return weight


_WEIGHTS = _Weights({code: code - 32 for code in range(ord("a"), ord("z") + 1)})
_WEIGHTS.update((ord(character), ord(group[0])) for group in _GROUPS.split() for character in group[1:])


def folded(text: str) -> str:
    """The text with each character in place of those that compare equal to it."""
    return text.upper() if text.isascii() else text.translate(_WEIGHTS)


def sort_key(text: str) -> str:
    """What orders and compares texts code point by code point."""
    return folded(text).rstrip(" ")


class _Keys(dict[str, str]):
    """Text -> its sort key, for short ones: rows repeat most of their texts. Emptied when there are too many."""

    __slots__ = ()

    def __missing__(self, text: str) -> str:
        key = sort_key(text)
        if len(text) <= _KEPT_LENGTH_MAX:
            if len(self) >= _KEPT_MAX:
                self.clear()
            self[text] = key
        return key


_KEPT_MAX = 8192
_KEPT_LENGTH_MAX = 64
_KEYS = _Keys()
_T = TypeVar("_T")


def key_of(value: _T) -> str | _T:
    """The sort key of a text; any other value is its own."""
    if value.__class__ is str:
        return _KEYS[value]  # type: ignore[index]  # it is one
    return sort_key(value) if isinstance(value, str) else value


def order(left: str, right: str) -> int:
    """-1, 0 or 1, as a collation of SQLite is asked for it."""
    if left == right:
        return 0
    a, b = sort_key(left), sort_key(right)
    return -1 if a < b else int(a > b)
