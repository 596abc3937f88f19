"""Texts and searches are cut into the same words, and names are found however they are spelt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.services.guide.pinyin import place, spellings, typed
from engine.services.guide.words import asked, compact, is_plain, pieces, runs, words_of

CHINESE = st.text("糖尿病高血压甲状腺结节心肌炎", min_size=1, max_size=12)
ANY = st.text(max_size=60)


def typed_for(name):
    return typed(spellings(name))


@pytest.mark.parametrize(
    ("name", "initials", "written"),
    [
        ("王测试", "wcs", "wangceshi"),
        ("单雄信", "sxx", "shanxiongxin"),
        ("曾国藩", "zgf", "zengguofan"),
        ("解晓东", "xxd", "xiexiaodong"),
        ("仇英", "qy", "qiuying"),
        ("尉迟恭", "ycg", "yuchigong"),
        ("万俟卨", "mqx", "moqixie"),
        ("吕布", "lb", "lvbu"),
        ("吕布", "lb", "lubu"),
        ("阿依古丽买买提", "ayglmmt", "ayigulimaimaiti"),
    ],
)
def test_a_name_is_typed_by_its_initials_and_by_its_pinyin(name, initials, written):
    assert {initials, written} <= typed_for(name)


def test_a_surname_with_two_readings_is_found_by_both_and_sorted_by_the_one_of_surnames():
    assert {"zgf", "cgf"} <= typed_for("曾国藩")
    assert place(spellings("曾国藩")) > place(spellings("王测试"))


def test_names_sort_by_their_pinyin():
    names = ["赵一", "艾丁", "王一", "李四", "王二"]
    assert sorted(names, key=lambda name: place(spellings(name))) == ["艾丁", "李四", "王二", "王一", "赵一"]


@given(ANY)
def test_any_name_has_a_place_that_the_store_can_keep_and_few_spellings(name):
    plain = "".join(runs(name))
    ways = spellings(plain)
    assert 0 <= place(ways) < 2**63
    assert len(ways) <= 24
    assert "" not in typed(ways)


@given(st.lists(CHINESE, max_size=4), CHINESE)
def test_whatever_stands_in_a_text_is_led_to_by_its_pieces(texts, word):
    text = "、".join([*texts, f"前{word}后"])
    assert word in compact(text)
    if len(word) > 1:
        assert set(pieces(word)) <= words_of([text])


@given(ANY)
def test_what_is_asked_for_has_no_marks_and_no_word_twice(text):
    found = asked(text)
    assert len(set(found)) == len(found)
    assert all(runs(word) == [word] and len(word) <= 40 for word in found)


def test_words_are_written_in_full_width_or_with_capitals_or_marks_as_people_do():
    assert asked(" 糖尿病，　ＷＣＳ 阿依·古丽 。 糖尿病") == ("糖尿病", "wcs", "阿依古丽")
    assert is_plain("wcs")
    assert "ct" in words_of(["头部CT检查"])
    assert pieces("心肌病") == ("心肌", "肌病")
