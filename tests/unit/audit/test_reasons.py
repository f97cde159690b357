from catalog.audit.reasons import sound_reason, together_reason

NAMES = {1: "Rock", 2: "Metal"}


def test_what_is_heard_is_said_as_it_speaks():
    against = sound_reason(1, 0.73, 2, 0.15, NAMES)
    assert against["words"] == "heard as Rock with 0.73; its tag Metal gets 0.15"
    for_the_tag = sound_reason(1, 0.34, 2, 0.65, NAMES)
    assert for_the_tag["words"] == "by itself it sounds more like Metal, 0.65, than Rock, 0.34"
    assert (for_the_tag["probability"], for_the_tag["tagged_probability"]) == (0.34, 0.65)


def test_two_tracks_speak_together_and_one_does_not():
    two = together_reason(1, 2, 0.4, 2, NAMES)
    assert two is not None
    assert two["words"] == "the artist's 2 tracks together sound more like Rock than Metal"
    assert together_reason(1, 2, 0.4, 1, NAMES) is None
    assert together_reason(1, 2, -0.1, 9, NAMES) is None
