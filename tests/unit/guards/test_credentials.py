"""What a request shows to be let in."""

from web.guards.credentials import MOST_KNOWN, KnownCredentials, credential_of


def test_the_same_key_is_the_same_credential():
    assert credential_of("/api", {b"x-api-key": b"k"}) == credential_of("/x", {b"x-api-key": b"k"})


def test_a_request_without_any_shows_nothing():
    assert credential_of("/api/runs", {b"host": b"x"}) is None


def test_a_hooks_address_is_its_credential():
    one, other = (credential_of(f"/hooks/{token}", {b"x-api-key": b"k"}) for token in "ab")

    assert one != other


def test_an_old_cookie_is_no_guess():
    found = credential_of("/api/runs", {b"cookie": b"session=1"})

    assert found is not None
    assert not found.is_guess


def test_credentials_without_end_take_no_memory_without_end():
    known = KnownCredentials()
    shown = [credential_of("/", {b"x-api-key": str(n).encode()}) for n in range(MOST_KNOWN + 10)]
    for credential in shown:
        assert credential is not None
        known.remember(credential, "ada")

    assert (known.holder(shown[0]), known.holder(shown[-1])) == (None, "ada")


def test_a_credential_that_failed_is_forgotten():
    known, shown = KnownCredentials(), credential_of("/", {b"x-api-key": b"k"})
    assert shown is not None
    known.remember(shown, "ada")
    known.forget(shown)

    assert known.holder(shown) is None
