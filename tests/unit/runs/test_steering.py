"""Which variables an operator may give to a run that others wrote."""

import pytest

from engine.errors import Forbidden
from engine.runs.steering import refuse_steering, steers


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "HOME",
        "BROWSER",
        "ENV",
        "IFS",
        "PS4",
        "PROMPT_COMMAND",
        "SHELLOPTS",
        "BASHOPTS",
        "BASH_ENV",
        "BASH_FUNC_ls%%",
        "PYTHONWARNINGS",
        "PYTHONPATH",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "DYLD_INSERT_LIBRARIES",
        "GCONV_PATH",
        "GLIBC_TUNABLES",
        "MALLOC_CHECK_",
        "OPENSSL_CONF",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "HTTPS_PROXY",
        "http_proxy",
        "All_Proxy",
        "UV_INDEX_URL",
        "PIP_INDEX_URL",
        "VIRTUAL_ENV",
        "PYSCHED_PAYLOAD",
        "NODE_OPTIONS",
        "PERL5OPT",
        "RUBYOPT",
        "GIT_SSH_COMMAND",
    ],
)
def test_what_steers_is_known(name):
    assert steers(name)


@pytest.mark.parametrize(
    "name",
    ["CITY", "path", "INPUT_PATH", "HOME_TOWN", "ENVIRONMENT", "MY_PYTHON", "PIPELINE", "proxy"],
)
def test_what_scripts_are_asked_with_is_let_through(name):
    assert not steers(name)


def test_a_refusal_names_what_was_given_and_no_more():
    with pytest.raises(Forbidden, match=r"^env: LD_PRELOAD, PATH can make .* role editor"):
        refuse_steering(["PATH", "CITY", "LD_PRELOAD", "PYTHONPATH"], {"PYTHONPATH"})


def test_a_script_opens_what_its_own_env_has():
    refuse_steering(["PATH", "CITY"], {"PATH"})
