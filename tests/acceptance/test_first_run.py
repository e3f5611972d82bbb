"""The main job on real input: a directory of scripts becomes environments, schedules and runs."""

import json

from tests.acceptance.served import Served


def test_a_tree_becomes_environments_schedules_and_runs(server: Served):
    server.script("tick", "print('tock')", "triggers:\n  - every: 1s\n")

    server.start()

    run = server.succeeded("tick")
    assert (run["trigger"], run["cause"], run["exit_code"]) == ("every:1s", "schedule", 0)
    assert server.output(run["id"]) == "tock\n"


def test_a_run_sees_its_facts_and_nothing_of_the_server(server: Served):
    code = "import json, os\nprint(json.dumps(dict(os.environ)))\n"
    server.script("facts", code, "env:\n  CITY: Berlin\n  LITERAL: $${HOME}\n")
    server.env["SERVERS_OWN"] = "secret"
    server.start()

    run_id = server.execute("facts")
    server.ended(run_id)
    seen = json.loads(server.output(run_id))

    assert (seen["CITY"], seen["LITERAL"], seen["PYSCHED_CAUSE"]) == ("Berlin", "${HOME}", "manual")
    assert seen["PYSCHED_RUN_ID"] == run_id
    assert not {"SERVERS_OWN", "PYSCHED_DEFAULT_API_KEY"} & seen.keys()


def test_a_chain_runs_in_order_and_a_failure_ends_it(server: Served):
    server.script("etl/extract", "print('e')")
    server.script("etl/transform", "print('t')", "triggers:\n  - after: etl/extract\n")
    server.script("etl/load", "import sys; sys.exit(3)", "triggers:\n  - after: etl/transform\n")
    server.script(
        "etl/alarm",
        "print('alarm')",
        "triggers:\n  - after: {script: etl/load, when: failure}\n",
    )
    server.script("etl/party", "print('party')", "triggers:\n  - after: etl/load\n")
    server.start()

    server.execute("etl/extract")
    server.succeeded("etl/alarm")

    chain = [(run["script"], run["status"]) for run in reversed(server.runs())]
    assert chain == [
        ("etl/extract", "success"),
        ("etl/transform", "success"),
        ("etl/load", "failed"),
        ("etl/alarm", "success"),
    ]


def test_a_failed_run_is_tried_again_and_succeeds(server: Served):
    code = "import os, sys\nsys.exit(0 if os.environ['PYSCHED_ATTEMPT'] == '2' else 75)\n"
    server.script("flaky", code, "retry: {attempts: 3, delay: 1s}\n")
    server.start()

    first = server.ended(server.execute("flaky"))
    second = server.succeeded("flaky")

    assert (first["status"], first["reason"]) == ("failed", "exit 75")
    assert (second["attempt"], second["cause"]) == (2, "retry")


def test_a_file_that_lands_in_an_inbox_starts_a_run_that_knows_it(server: Served):
    server.script(
        "imports",
        "import os\nprint(os.environ['PYSCHED_FILES'])",
        "triggers:\n  - files: inbox/*.csv\n",
    )
    server.write("imports/inbox/old.csv", "was there before\n")
    server.start()

    landed = server.write("imports/inbox/new.csv", "a,b\n")

    run = server.succeeded("imports")
    assert server.output(run["id"]) == f"{landed}\n"


def test_a_startup_trigger_fires_at_a_start_and_not_when_the_engine_restarts(server: Served):
    server.script("hello", "print('up')", "triggers:\n  - startup: true\n")
    server.start()
    server.succeeded("hello")

    server.kill_engine()
    server.wait_until_up()
    server.ended(server.execute("hello"))

    assert sorted(run["cause"] for run in server.runs(script="hello")) == ["manual", "startup"]
