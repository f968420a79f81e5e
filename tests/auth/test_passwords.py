"""Both password policies at their boundaries, and the delays after wrong tries."""

from __future__ import annotations

import pytest

from app.auth.delays import FIRST_SECONDS, FREE, LONGEST_SECONDS, SECOND, blocked_until, seconds_left
from app.auth.passwords import DAY, LONGEST, POLICIES, check, hash_of, matches, must_change, was_used
from app.errors import Invalid

ASVS, DJBH3 = POLICIES["asvs"], POLICIES["djbh3"]

REFUSED = [
    (ASVS, "竹影扫阶尘不动呀呀呀", "至少要 12 个字符"),
    (ASVS, "x" * (LONGEST + 1), f"至多 {LONGEST} 个字符"),
    (ASVS, "password123456", "太常见"),
    (ASVS, "P@ssw0rd!!!!!!", "太常见"),
    (ASVS, "123456789012345", "太常见"),
    (ASVS, "qwertyuiopasdf", "太常见"),
    (ASVS, "abcabcabcabcabc", "太常见"),
    (ASVS, "zhangwei-likes-tea", "含有账号、机关或系统的名称（zhangwei）"),
    (ASVS, "my qingdan phrase", "含有账号、机关或系统的名称（qingdan）"),
    (ASVS, "张 伟 喜欢喝浓茶看晚霞听风", "含有账号、机关或系统的名称（张伟）"),
    (ASVS, "zhang-wei drinks it cold", "含有账号、机关或系统的名称（zhangwei）"),
    (ASVS, "自然资源局的茶很好喝啊真的", "含有账号、机关或系统的名称（某市某区自然资源和规划局）"),
    (DJBH3, "Ab1!xyz", "至少要 8 个字符"),
    (DJBH3, "lowercaseonly77", "至少要有 3 种，现在只有小写字母、数字。"),
]
GUESSED = """1q2w3e4r5t6y q1w2e3r4t5y6 zaq12wsxcde3 1qazxsw23edc qazwsxedcrfv 123qweasdzxc QWERasdf1234 qwertyqwerty
passwordpassword 1234567890ab zhangsan123456 Huawei@123456 Aa123456789. 1qaz@WSX3edc qwer1234qwer woshishui1234
Guangan@2026 Zhengwu12345"""
GUESSED_SHORT = "Aa123456 Qwer1234 Huawei@123 1qaz@WSX Zaq12wsx Aa@12345 Qwe123!@# Fazhi@2026"
TAKEN = [
    (ASVS, "lamps under the old bridge"),
    (ASVS, "竹影扫阶尘不动月穿潭底水无痕"),
    (ASVS, "xk7uwqmzpe2v"),
    (DJBH3, "Tea4leaves"),
    (DJBH3, "kx7-uwqm"),
]


@pytest.mark.parametrize(("policy", "text", "says"), REFUSED, ids=[text[:20] for _, text, _ in REFUSED])
def test_what_a_policy_refuses_and_why(policy, text, says) -> None:
    with pytest.raises(Invalid) as refused:
        check(text, policy, ["zhangwei", "张伟", "某市某区自然资源和规划局"])
    assert says in refused.value.message
    assert refused.value.code == "weak-password"


@pytest.mark.parametrize(
    ("policy", "text"),
    [(ASVS, one) for one in GUESSED.split()] + [(DJBH3, one) for one in GUESSED_SHORT.split()],
)
def test_what_is_put_together_from_what_is_guessed_first_is_refused(policy, text) -> None:
    """All of them stand in lists of leaked passwords, or are made as those are."""
    with pytest.raises(Invalid, match="太常见"):
        check(text, policy, [])


@pytest.mark.parametrize(("policy", "text"), TAKEN, ids=[text[:20] for _, text in TAKEN])
def test_what_a_policy_takes(policy, text) -> None:
    check(text, policy, ["zhangwei", "张伟"])


def test_the_time_of_a_password_is_over_after_ninety_days_in_one_policy_only() -> None:
    assert not must_change(0, 90 * DAY - 1, DJBH3)
    assert must_change(0, 90 * DAY, DJBH3)
    assert not must_change(0, 9000 * DAY, ASVS)


def test_a_password_is_known_again_and_kept_as_argon2id() -> None:
    kept = hash_of("lamps under the old bridge")
    assert kept.startswith("$argon2id$")
    assert matches("lamps under the old bridge", kept)
    assert not matches("lamps under the old bridges", kept)
    assert not matches("nobody has this password: 4f1c", None)


def test_the_last_five_do_not_come_again() -> None:
    earlier = [hash_of(f"Tea{n}leaves") for n in range(6)]
    assert was_used("Tea4leaves", earlier, DJBH3)
    assert not was_used("Tea5leaves", earlier, DJBH3)
    assert not was_used("Tea0leaves", earlier, ASVS)


def test_delays_grow_to_a_limit() -> None:
    assert blocked_until(FREE - 1, 0) is None
    waits = [(blocked_until(FREE + more, 0) or 0) // SECOND for more in range(12)]
    assert waits[:3] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]
    assert waits[-1] == LONGEST_SECONDS == max(waits)
    assert waits == sorted(waits)


def test_seconds_left_are_rounded_up_and_end() -> None:
    assert seconds_left(None, 5) == 0
    assert seconds_left(10 * SECOND, 9 * SECOND + 1) == 1
    assert seconds_left(10 * SECOND, 10 * SECOND) == 0
