"""Settings of notifications from the environment."""

import pytest

from engine.config import load_settings
from engine.errors import InvalidSettings


def settings(directory, **environ):
    return load_settings(environ=environ, directory=directory)


def test_the_mail_server_is_told_by_the_usual_variables(tmp_path):
    found = settings(
        tmp_path,
        SMTP_SERVER="mail.example.com",
        SMTP_PORT="465",
        SMTP_USERNAME="pysched",
        SMTP_PASSWORD="s3cret",
        FROM_EMAIL="pysched@example.com",
    )

    wanted = found.notifications
    assert (wanted.smtp_server, wanted.smtp_port, wanted.smtp_username, wanted.from_email) == (
        "mail.example.com",
        465,
        "pysched",
        "pysched@example.com",
    )
    assert found.smtp_password is not None
    assert found.smtp_password.get_secret_value() == "s3cret"


def test_the_password_of_the_mail_server_is_not_shown(tmp_path):
    assert "s3cret" not in repr(settings(tmp_path, SMTP_PASSWORD="s3cret"))


def test_a_list_of_targets_is_divided_by_commas(tmp_path):
    given = "ops@example.com, json://hooks.example.com:8443/x"

    found = settings(tmp_path, PYSCHED_NOTIFICATIONS__TO=given)

    assert found.notifications.to == ["ops@example.com", "json://hooks.example.com:8443/x"]


@pytest.mark.parametrize("url", ["pysched.example.com", "ftp://x", "https://", "https://x/?a=b"])
def test_the_public_address_is_one_that_browsers_take(tmp_path, url):
    with pytest.raises(InvalidSettings, match="PYSCHED_SERVER__PUBLIC_URL"):
        settings(tmp_path, PYSCHED_SERVER__PUBLIC_URL=url)
