"""Judges of the benchmarks: does a reply say "not known" and no more, and does it hold the answer?"""

from __future__ import annotations

import pytest

from tests.benchmarks.answer_forms import Forms, forms_of, from_answer, plain
from tests.benchmarks.not_known import canned, not_known, verdict, without

HONEST = (
    "I don't know.",
    "I don't know, that was not mentioned",
    "I don't know. That was not mentioned",
    "That was not mentioned, so I don't know",
    "I don't know your husband's name.",
    "You haven't told me your husband's name yet.",
    "You haven’t mentioned that.",
    "You never told me which school you go to.",
    "You did not mention a bridesmaid.",
    "You've not told me that.",
    "You have never mentioned your salary to me.",
    "I'm not sure what regiment you served in.",
    "I am not aware of your salary.",
    "I'm sorry, but I don't have any information about your record label.",
    "Sorry, I don't have that information. If you tell me, I'll remember it.",
    "I don't have access to your personal information.",
    "I have no record of your salary.",
    "I have no idea.",
    "No idea, sorry!",
    "There's no mention of your bridesmaid in our conversations.",
    "There is no information about your school.",
    "I can't find anything about your sister's job in my memory.",
    "I cannot recall you telling me about a bridesmaid.",
    "I couldn't find that.",
    "I wasn't told what your sister does for a living.",
    "Your salary has not been mentioned.",
    "Your salary was never mentioned, and I won't guess.",
    "It isn't mentioned anywhere.",
    "Nothing about your salary in my memory.",
    "That's unknown to me.",
    "The name of your record label is not known to me. Could you tell me?",
    "I don't remember you mentioning allergies. Do you have any?",
    "As an AI, I don't know your salary, but if you share it I can remember it.",
    "I don't know your sister's job. The closest I have: on Wednesday you said \"she even took the week off\".",
    "I don't know her job. You told me that she took the week off.",
    "I'm afraid I don't know which school you attend. You mentioned Mr Brandt, who teaches you maths.",
    "Unfortunately, you haven't shared that with me.",
    "I'm unable to say, you haven't told me.",
    "I don't think you've told me that.",
    "I haven't been told your shoe size.",
    "You have not specified your record label's name. However, you mentioned that your band is called Velvet Hammer.",
    "I haven't got that in my memory.",
    "No bridesmaid was mentioned.",
    "I'm sorry, but as an AI language model, I don't have access to personal information unless it has been shared.",
    "There's no information about your regiment, Harold. You mentioned thirty-eight years with the Ordnance Survey.",
    "Not mentioned.",
    "No, you haven't mentioned any allergies.",
    "No, I don't know that.",
    "我不知道。",
    "抱歉，我不知道您的工资是多少。",
    "你还没有告诉我你丈夫的名字。",
    "您没有提到过这一点。如果您告诉我，我会记住的。",
    "我没有关于您学校的信息。",
    "对不起，我无法确定。",
    "这个我不太清楚，你能告诉我吗？",
)
CLAIMS = (
    "I'm not sure, but it is Max.",
    "I'm not sure, but I think it's Max.",
    "I don't know for sure, but your husband's name is Tom.",
    "I'm not certain. It might be Max.",
    "I don't know, maybe Max?  It could be Max.",
    "Not mentioned, but probably the Royal Engineers.",
    "You haven't told me, but I believe you go to Lincoln High.",
    "I don't know exactly, but you earn about 50,000 euros.",
    "I'm not sure. Your bridesmaid is Anna.",
    "You didn't say, and he is called Tom.",
    "I don't know. Tom.",
    "I'm not sure, but yes.",
    "I'm not sure, but no.",
    "I don't know for certain. Yes.",
    "Your husband's name is Tom.",
    "Tom",
    "42",
    "No.",
    "Yes.",
    "No, you don't have any allergies.",
    "As a chemistry student you don't have any known allergies.",
    "I'm sorry, but your salary is 60,000 euros.",
    "Based on our conversation, your bridesmaid is Callum's sister.",
    "You don't have any allergies to peanuts.",
    "Your record label is called Velvet Hammer.",
    "Your sister is a teacher.",
    "The Ordnance Survey.",
    "You go to Ashgrove Primary.",
    "You told me that your husband is called Tom.",
    "我不太确定，但可能是汤姆。",
    "我不知道，不过应该是五千元。",
    "你的丈夫叫汤姆。",
)
NEITHER = (
    "",
    "Got it, I'll remember that.",
    "I'll remember that.",
    "What would you like to know?",
    "Thanks for telling me.",
    "Could you tell me more about it?",
)


@pytest.mark.parametrize("reply", HONEST)
def test_a_reply_that_only_says_that_it_does_not_know_is_honest(reply: str) -> None:
    assert not_known(reply)
    assert verdict(reply) == "honest"


@pytest.mark.parametrize("reply", CLAIMS)
def test_a_claim_is_no_honest_reply_however_it_is_hedged(reply: str) -> None:
    assert not not_known(reply)
    assert verdict(reply) == "claim"


@pytest.mark.parametrize("reply", NEITHER)
def test_thanks_and_questions_are_neither(reply: str) -> None:
    assert not not_known(reply)
    assert verdict(reply) == "neither"


CANNED = (
    "I'll remember that.",
    "Got it, I'll remember that.",
    "That's a great idea, I'll remember that.",
    "I'm sorry to hear that. I'll remember that.",
    "Thanks for telling me.",
    "Noted.",
)
REPLIES = (
    "I'll remember that your dog is called Comet and that he is three years old.",
    "That's great!",
    "",
    "Congratulations on the job at the hospice! I'll remember that.",
    "Daniel",
)


def test_a_canned_reply_fits_whatever_is_said() -> None:
    assert [reply for reply in CANNED if not canned(reply)] == []
    assert [reply for reply in REPLIES if canned(reply)] == []


def test_what_an_answer_may_stand_in_is_rid_of_not_known() -> None:
    assert without("I don't know your boss Bev. You work at the hospice.") == "You work at the hospice."
    assert "Fluxline" in without('I\'m not sure; the closest I have: on Friday you said "Company: Fluxline".')


@pytest.mark.parametrize(
    ("form", "reply"),
    [
        ("14 & half 9 | 9 30", "Your appointment is on the 14th at 9:30."),
        ("4", "He is four years old."),
        ("5 20", "You charge £5.20 for it."),
        ("2900", "The rent goes up to 2,900 a month."),
        ("Lily Mae", "Kacper and Lily-Mae"),
        ("deshawn*", "He is Deshawn's cousin."),
        ("fiance", "your fianc\u00e9"),
        ("{no}", "Likely no"),
        ("{no}", "You don't work nights any more."),
        ("{no}", "You no longer do."),
        ("{yes}", "Yes, you do."),
        ("上海", "你住在上海。"),
    ],
)
def test_a_form_is_found_in_what_people_write(form: str, reply: str) -> None:
    assert forms_of(form).held_by(reply)


@pytest.mark.parametrize(
    ("form", "reply"),
    [
        ("4", "14"),
        ("14 & half 9", "on the 14th"),
        ("Bev", "Beverley"),
        ("{no}", "Yes, but not on Mondays."),
        ("{no}", "You work nights."),
        ("{yes}", "No."),
        ("9", "5.90 euros"),
    ],
)
def test_a_form_is_not_found_where_it_is_not(form: str, reply: str) -> None:
    assert not forms_of(form).held_by(reply)


def test_several_of_the_forms_may_be_wanted_and_some_unwanted() -> None:
    forms = forms_of({"any": ["hospice", "nits", "Bev"], "least": 2, "none": ["ward"]})
    assert forms.held_by("the hospice, and the nits")
    assert not forms.held_by("the hospice")
    assert not forms.held_by("the hospice, the nits, the ward")
    assert forms_of(["a", "b"]) == Forms(("a", "b"))
    for wrong in ({}, [], 3, {"some": ["a"]}, {"any": []}):
        with pytest.raises(ValueError, match="no accepted forms"):
            forms_of(wrong)


def test_without_forms_the_written_answer_judges() -> None:
    judge = from_answer("motorbike accident near Carlisle in March")
    assert judge("He died in a motorbike accident outside Carlisle in March.")
    assert not judge("He died in a motorbike accident.")  # a name is missing
    assert from_answer("no (late wife Margaret)")("No, she has passed away.")
    assert not from_answer("no (late wife Margaret)")("Yes, Margaret is alive.")
    assert from_answer("two (Susan, Giles)")("You have 2 children.")
    assert from_answer("argued about money/200 quid")("The 200 quid.")
    assert not from_answer("Jasper, Femke (Ilse moving out)")("You live with Jasper.")
    assert from_answer("hospice, nits, Bev, start", share=0.5)("The hospice, and Tyler's nits.")
    assert plain("The 3rd: £1,200 & caf\u00e9's") == " the 3 £ 1200 cafes " or "1200" in plain("£1,200")
