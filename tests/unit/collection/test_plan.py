"""The query plan, and what the words of a query say."""

from itertools import product

import pytest

from ferspec import spec
from ferspec.collection.plan import Terms, queries, terms_of
from ferspec.errors import UserError


def test_the_plan_crosses_all_terms_in_two_languages():
    # five ethnicities, two genders, five ages and fifteen expressions, as the paper lists them
    plan = queries()
    assert len(plan) == 2 * 5 * 2 * 5 * 15
    assert {query.label for query in plan} == set(spec.load().classes)
    cells = {(query.ethnicity, query.gender, query.age) for query in plan}
    ages = ("toddler", "child", "adult", "middle-aged", "elderly")
    assert cells == set(product(("white", "black", "asian", "latino", "indian"), ("female", "male"), ages))


def test_spanish_words_agree_with_the_person():
    texts = {query.text for query in queries(("es",))}
    assert {"mujer asiática enojada", "hombre de mediana edad blanco asombrado"} <= texts
    assert not texts & {"mujer asiático enojado", "mujer asiática enojado"}


def test_no_two_queries_have_the_same_words():
    texts = [query.text for query in queries()]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("query", queries()[::7], ids=lambda query: query.text)
def test_the_terms_of_each_query_are_recognised(query):
    assert terms_of(query.text) == Terms(**query.model_dump(exclude={"text"}))


@pytest.mark.parametrize(
    ("text", "label", "ethnicity", "gender", "age"),
    [
        # the examples of the paper
        ("white man angry", "Angry", "white", "male", "adult"),
        ("Asian men happy", "Happy", "asian", "male", "adult"),
        ("black women sad", "Sad", "black", "female", "adult"),
        ("Latino women surprised", "Surprise", "latino", "female", "adult"),
        ("Indian kid smile", "Happy", "indian", "", "child"),
        ("nina_pequena_asiatica_llorando", "Sad", "asian", "female", "toddler"),
        ("Happiness", "Happy", "", "", ""),
    ],
)
def test_queries_of_others_are_recognised(text, label, ethnicity, gender, age):
    found = terms_of(text)
    assert (found.label, found.ethnicity, found.gender, found.age) == (label, ethnicity, gender, age)


@pytest.mark.parametrize("text", ["white man", "happy and sad woman", "", "IMG_2041"])
def test_a_text_without_one_class_is_refused(text):
    with pytest.raises(UserError, match="does not name one class"):
        terms_of(text)
