"""Readings: the syllables and initials of a Chinese text, and Latin input read as syllables."""

from collections.abc import Callable
from functools import cache, lru_cache

_MAX_READINGS = 8

# Every syllable of standard Chinese, tone and ü written as usual on a keyboard (nv, lve), by initial.
_SYLLABLES = """
a ai an ang ao e ei en eng er o ou
ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu
ca cai can cang cao ce cen ceng ci cong cou cu cuan cui cun cuo
cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun chuo
da dai dan dang dao de dei den deng di dia dian diao die ding diu dong dou du duan dui dun duo
fa fan fang fei fen feng fo fou fu
ga gai gan gang gao ge gei gen geng gong gou gu gua guai guan guang gui gun guo
ha hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo
ji jia jian jiang jiao jie jin jing jiong jiu ju juan jue jun
ka kai kan kang kao ke ken keng kong kou ku kua kuai kuan kuang kui kun kuo
la lai lan lang lao le lei leng li lia lian liang liao lie lin ling liu long lou lu luan lun luo lv lve
ma mai man mang mao me mei men meng mi mian miao mie min ming miu mo mou mu
na nai nan nang nao ne nei nen neng ni nian niang niao nie nin ning niu nong nou nu nuan nuo nv nve
pa pai pan pang pao pei pen peng pi pian piao pie pin ping po pou pu
qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun
ran rang rao re ren reng ri rong rou ru ruan rui run ruo
sa sai san sang sao se sen seng si song sou su suan sui sun suo
sha shai shan shang shao she shei shen sheng shi shou shu shua shuai shuan shuang shui shun shuo
ta tai tan tang tao te teng ti tian tiao tie ting tong tou tu tuan tui tun tuo
wa wai wan wang wei wen weng wo wu
xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue xun
ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun
za zai zan zang zao ze zei zen zeng zi zong zou zu zuan zui zun zuo
zha zhai zhan zhang zhao zhe zhei zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo
"""
SYLLABLES = frozenset(_SYLLABLES.split())


@lru_cache(maxsize=20_000)
def syllables(folded: str) -> tuple[str, ...]:
    """One reading for each character, in context where a word decides; what has none stands for itself."""
    read = _reader()
    found = read(folded)
    if len(found) == len(folded):
        return tuple(found)
    return tuple(read(char)[0] for char in folded)


def load() -> None:
    """Load the dictionary now, so that nobody waits for it later."""
    _reader()("清单")


@cache
def _reader() -> Callable[[str], list[str]]:
    """The library carries a dictionary that takes a third of a second to load: not at start."""
    from pypinyin import Style, lazy_pinyin

    return lambda text: lazy_pinyin(text, style=Style.NORMAL, errors=_each_by_itself)  # type: ignore[arg-type]


def _each_by_itself(without_reading: str) -> list[str]:
    return list(without_reading)


@lru_cache(maxsize=20_000)
def all_readings(char: str) -> frozenset[str]:
    """Every reading the character has in some word; what has none stands for itself."""
    from pypinyin import Style, pinyin

    found = pinyin(char, style=Style.NORMAL, heteronym=True, errors=_each_by_itself)  # type: ignore[arg-type]
    return frozenset(reading for readings in found for reading in readings)


def initials(folded: str) -> str:
    """The first letter of each reading, as long as the text itself: 公租房 -> gzf."""
    return "".join(syllable[0] for syllable in syllables(folded))


def is_latin(folded: str) -> bool:
    return len(folded) > 1 and folded.isascii() and folded.isalpha()


def readings(latin: str) -> list[list[str]]:
    """The ways to cut Latin input into syllables, fewest first; the last may be unfinished, then each
    syllable it may become gives a way of its own: "jieh" -> [jie, hai], [jie, han] ...
    """
    whole = _cut(latin.replace("ü", "v"))
    return sorted(whole, key=len)[:_MAX_READINGS]


def unfinished_readings(latin: str) -> list[list[str]]:
    """Ways to cut where the last syllable is only begun, each with every syllable it may become."""
    found: list[list[str]] = []
    for size in range(1, min(6, len(latin)) + 1):
        head, begun = latin[:-size], latin[-size:]
        ends = sorted(s for s in SYLLABLES if s.startswith(begun) and s != begun)
        if ends and head:
            found.extend([*cut, end] for cut in _cut(head)[:2] for end in ends)
    return found[: 4 * _MAX_READINGS]


Cut = tuple[tuple[str, bool], ...]
"""Letters cut up: each piece, and whether it is a whole syllable or only how one begins."""
_INITIALS = frozenset("bpmfdtnlgkhjqxrzcsywaoe") | {"zh", "ch", "sh"}


@lru_cache(maxsize=2_000)
def mixed_cuts(latin: str) -> tuple[Cut, ...]:
    """The ways to cut letters into syllables and initials, some of each; those of fewest pieces: jie hun d j."""
    ways: list[list[Cut]] = [[()]]
    for end in range(1, len(latin) + 1):
        here = [
            (*way, token)
            for start in range(max(0, end - 6), end)
            for token in _tokens(latin[start:end])
            for way in ways[start]
        ]
        ways.append(sorted(here, key=len)[:_MAX_READINGS])
    mixed = (way for way in ways[-1] if len({whole for _, whole in way}) == 2)
    return tuple(way for way in mixed if len(way) > 2)


def _tokens(piece: str) -> list[tuple[str, bool]]:
    found = [(piece, True)] if len(piece) > 1 and piece in SYLLABLES else []
    return [*found, (piece, False)] if piece in _INITIALS else found


@lru_cache(maxsize=2_000)
def _cut(latin: str) -> list[list[str]]:
    ways: list[list[list[str]]] = [[[]]]
    for end in range(1, len(latin) + 1):
        here = [
            [*way, latin[start:end]]
            for start in range(max(0, end - 6), end)
            if latin[start:end] in SYLLABLES
            for way in ways[start]
        ]
        ways.append(sorted(here, key=len)[:_MAX_READINGS])
    return ways[-1]
