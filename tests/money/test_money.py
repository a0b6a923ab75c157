"""Exact money: text, steps, and splitting without loss."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.money import (
    ATOMS,
    MoneyError,
    atoms_to_units,
    ceil_to_step,
    decimal_text,
    div_ceil,
    div_floor,
    floor_to_step,
    format_atoms,
    mul_ceil,
    mul_floor,
    parse_atoms,
    parse_decimal,
    split_pro_rata,
    units_to_atoms,
)

amounts = st.integers(min_value=0, max_value=10**36)


@given(st.integers(min_value=-(10**40), max_value=10**40))
def test_text_and_atoms_are_inverse(atoms: int) -> None:
    assert parse_atoms(format_atoms(atoms)) == atoms


@pytest.mark.parametrize(
    "text", ["", "-", "1e5", "+1", " 1", "1 ", "01", ".5", "1.", "1,5", "NaN", "1.0000000000000000001", "٣", "1\n"]
)
def test_text_outside_the_grammar_is_refused_and_names_its_field(text: str) -> None:
    with pytest.raises(MoneyError, match="price"):
        parse_atoms(text, field="price")


def test_known_texts() -> None:
    assert parse_atoms("12.5") == 12_500_000_000_000_000_000
    assert parse_atoms("-0.000001") == -(10**12)
    assert format_atoms(0) == "0"
    assert decimal_text(Decimal("1E-8")) == "0.00000001"


def test_a_decimal_finer_than_an_atom_or_not_finite_is_refused() -> None:
    for value in (Decimal("1E-19"), Decimal("NaN"), Decimal("Infinity")):
        with pytest.raises(MoneyError):
            parse_decimal(value)


@given(amounts, st.integers(min_value=1, max_value=10**24))
def test_steps_round_in_the_direction_they_name(atoms: int, step: int) -> None:
    below, above = floor_to_step(atoms, step), ceil_to_step(atoms, step)
    assert below <= atoms <= above
    assert below % step == above % step == 0
    assert above - below in (0, step)


@given(amounts, st.integers(min_value=1, max_value=10**30))
def test_products_and_quotients_differ_by_at_most_one_atom_between_directions(left: int, right: int) -> None:
    assert 0 <= mul_ceil(left, right) - mul_floor(left, right) <= 1
    assert 0 <= div_ceil(left, right) - div_floor(left, right) <= 1
    assert mul_floor(left, ATOMS) == left


@given(st.integers(min_value=0, max_value=10**30), st.lists(st.integers(min_value=0, max_value=10**30), min_size=1))
def test_a_split_loses_nothing_and_gives_nobody_more_than_one_atom_above_his_share(
    total: int, weights: list[int]
) -> None:
    parts = split_pro_rata(total, list(enumerate(weights)))
    assert sum(parts.values()) == total
    whole = sum(weights)
    if whole:
        assert all(0 <= parts[i] * whole - total * weight + whole < 2 * whole for i, weight in enumerate(weights))


def test_a_split_between_nobody_is_refused() -> None:
    assert split_pro_rata(0, {}) == {}
    with pytest.raises(MoneyError):
        split_pro_rata(1, {})


def test_units_of_a_token_are_exact_both_ways() -> None:
    assert units_to_atoms(1, 6) == 10**12
    assert atoms_to_units(parse_atoms("1.5"), 6) == 1_500_000
    with pytest.raises(MoneyError, match="more than 6 decimals"):
        atoms_to_units(parse_atoms("0.0000001"), 6)
    with pytest.raises(MoneyError):
        units_to_atoms(1, 19)
