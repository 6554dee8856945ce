"""Cryptography, search tokens, ids, messages and errors."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel import crypto
from linli.kernel.crypto import CannotDecrypt, KeyRing, KeyRingWrong, Suite
from linli.kernel.errors import Invalid, NotFound
from linli.kernel.identifiers import IdNumberWrong
from linli.kernel.ids import uuid7
from linli.kernel.search import initials, query, tokens, vector
from linli.kernel.text import joined, msg

RING = KeyRing.generate()


def test_sm3_gives_the_standards_example():
    assert crypto.sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert crypto.sm3(b"a", b"bc") == crypto.sm3(b"abc")


@given(st.binary(max_size=300), st.sampled_from(Suite), st.integers(0), st.integers(1, 255))
def test_what_is_encrypted_opens_again_and_no_changed_byte_goes_unnoticed(plain, suite, place, flip):
    ring = KeyRing.generate(suite)
    sealed = ring.encrypt(plain, context="here")
    assert ring.decrypt(sealed, context="here") == plain
    with pytest.raises(CannotDecrypt):
        ring.decrypt(sealed, context="there")
    broken = bytearray(sealed)
    broken[place % len(broken)] ^= flip
    with pytest.raises(CannotDecrypt):
        ring.decrypt(bytes(broken), context="here")


def test_old_ciphertexts_open_after_the_key_and_the_suite_have_changed():
    ring = KeyRing.generate(Suite.SM4_GCM)
    old = ring.encrypt(b"old", context="c")
    ring.rotate(Suite.AES256_GCM)
    assert ring.decrypt(old, context="c") == b"old"
    assert ring.key_number(ring.encrypt(b"new", context="c")) == 2


def test_a_process_that_read_the_ring_before_a_rotation_reads_what_came_after(tmp_path):
    running = KeyRing.load_or_create(tmp_path / "ring.json")
    elsewhere = KeyRing.load(tmp_path / "ring.json")
    elsewhere.rotate()
    elsewhere.save(tmp_path / "ring.json")
    assert running.decrypt(elsewhere.encrypt(b"x", context="c"), context="c") == b"x"
    with pytest.raises(CannotDecrypt):
        KeyRing.generate().decrypt(elsewhere.encrypt(b"x", context="c"), context="c")


def test_the_key_file_is_private_and_a_damaged_one_is_named(tmp_path):
    path = tmp_path / "ring.json"
    ring = KeyRing.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyRing.load(path).decrypt(ring.encrypt(b"x", context="c"), context="c") == b"x"
    assert KeyRing.load(path).blind_index("1", context="c") == ring.blind_index("1", context="c")
    path.write_text(path.read_text()[:50])
    with pytest.raises(KeyRingWrong, match=r"ring\.json"):
        KeyRing.load(path)


def test_blind_indexes_differ_by_context_and_ring():
    assert RING.blind_index("1", context="a") != RING.blind_index("1", context="b")
    assert RING.blind_index("1", context="a") != KeyRing.generate().blind_index("1", context="a")


def test_ids_sort_by_the_time_of_their_making():
    made = [uuid7() for _ in range(2000)]
    assert made == sorted(made)
    assert len(set(made)) == 2000
    assert {i.version for i in made} == {7}


@pytest.mark.parametrize("typed", ["sybx", "bxj", "sl", "失业", "险金申", "领"])
def test_a_name_is_found_by_initials_and_by_any_part(typed):
    have = {t for t, _ in tokens("失业保险金申领")}
    wanted = [w.strip("'()").removesuffix("':*").strip("'") for w in query(typed).replace("<->", "|").split(" | ")]
    assert any(any(h.startswith(w) for h in have) for w in wanted)


def test_initials_and_vectors_keep_to_one_spelling():
    assert initials("企业职工基本养老保险A类") == "QYZGJBYLBXAL"
    assert vector("") == ""
    assert query("  ,。") == ""
    assert "'" not in vector("O'Neil\\ 公司").replace("':", "").replace(" '", "").lstrip("'")


@given(st.text(max_size=40))
def test_any_text_makes_valid_search_literals(text):
    for literal in (vector(text), query(text)):
        assert literal.count("'") % 2 == 0
        assert "\\" not in literal


def test_messages_translate_inside_out_and_errors_survive_pickling():
    inner, outer = msg("第 %(n)s 项", n=3), msg("请看%(what)s", what=msg("第 %(n)s 项", n=3))
    assert str(outer) == "请看第 3 项"
    assert outer.render({"请看%(what)s": "see %(what)s", "第 %(n)s 项": "item %(n)s"}.get) == "see item 3"
    error = pickle.loads(pickle.dumps(IdNumberWrong(field="id", why=inner)))
    assert (error.field, str(error), error.code) == ("id", "身份证号第 3 项。", "identifiers.id_number")
    assert len(pickle.loads(pickle.dumps(Invalid([NotFound(what="x")]))).errors) == 1


def test_keys_are_not_shown_by_accident():
    assert RING.keys[1].secret.hex() not in repr(RING.keys[1])


def test_sentences_join_as_their_language_writes_them():
    sentences = [msg("已受理。"), msg("应于 %(day)s 前办结。", day="2026-03-02")]
    assert joined(sentences) == "已受理。应于 2026-03-02 前办结。"
    english = {"已受理。": "Accepted.", "应于 %(day)s 前办结。": "Due by %(day)s."}
    assert joined(sentences, english.__getitem__) == "Accepted. Due by 2026-03-02."


def test_a_sentence_lists_as_its_language_does():
    sentence = msg("其间 %(spans)s 放假。", spans=("10-01", msg("%(a)s 至 %(b)s", a="10-02", b="10-04")))
    assert str(sentence) == "其间 10-01、10-02 至 10-04 放假。"
    english = {"其间 %(spans)s 放假。": "%(spans)s: holidays.", "、": ", ", "%(a)s 至 %(b)s": "%(a)s to %(b)s"}
    assert sentence.render(english.__getitem__) == "10-01, 10-02 to 10-04: holidays."
