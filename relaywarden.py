"""The command line: it reads the arguments, calls the parts, and turns their errors into one line and status 2."""

import logging
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from embedded.alert_commands import alert_app
from embedded.backtest_command import backtest
from embedded.bounces_commands import bounces_app
from embedded.case_commands import case_app
from embedded.complaints_commands import complaints_app
from embedded.dead_letter_commands import dead_letters_app
from embedded.delisting_commands import delisting_app
from embedded.directory_commands import directory_app
from embedded.dnsbl_command import dnsbl
from embedded.domain_commands import domains_app
from embedded.identity_command import identity
from embedded.leaks_commands import leaks_app
from embedded.mailbox_commands import mailbox_app
from embedded.notice_commands import notice_app
from embedded.parse_command import parse
from embedded.pool_commands import pool_app
from embedded.queue_commands import queue_app
from embedded.reasons_commands import reasons_app
from embedded.replies_commands import replies_app
from embedded.report_commands import report_app
from embedded.sunset_commands import sunset_app
from embedded.terminal import DEFAULT_CONFIG, Config, Json, show, tell
from schemas.metrics_settings import Process
from schemas.settings import Settings, load

app = typer.Typer(
    name="relaywarden",
    help="Deliverability and reputation monitor for pools of outbound mail relays.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
pool_app.command()(identity)
app.add_typer(pool_app, name="pool")
app.add_typer(queue_app, name="queue")
app.add_typer(notice_app, name="notice")
app.add_typer(complaints_app, name="complaints")
app.add_typer(bounces_app, name="bounces")
app.add_typer(replies_app, name="replies")
app.add_typer(reasons_app, name="reasons")
app.add_typer(case_app, name="case")
app.add_typer(alert_app, name="alert")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(delisting_app, name="delisting")
app.add_typer(directory_app, name="directory")
app.add_typer(domains_app, name="domains")
app.add_typer(leaks_app, name="leaks")
app.add_typer(sunset_app, name="sunset")
app.add_typer(report_app, name="report")
app.add_typer(mailbox_app, name="mailbox")
app.command()(parse)
app.command()(dnsbl)
app.command()(backtest)


def _version(wanted: bool) -> None:  # noqa: FBT001 Typer's callback
    from importlib.metadata import version

    if wanted:
        typer.echo(f"relaywarden {version('relaywarden')}")
        raise typer.Exit


@app.callback()
def about(
    *,
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version.")] = False,
) -> None:
    """Deliverability and reputation monitor for pools of outbound mail relays."""
    for talkative in ("kafka", "clickhouse_connect"):  # what they tell of a server that is away is told in one line
        logging.getLogger(talkative).setLevel(logging.CRITICAL)


@app.command()
def up(
    config: Config = DEFAULT_CONFIG,
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Play a simulated hoster; needs no configuration.")] = False,
    data: Annotated[Path, typer.Option("--data", help="With --demo: the folder it works in.")] = Path("var/demo"),
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The dashboard's port, if not the configured.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run everything on this machine and print the URL of the dashboard."""
    from embedded import up as machine

    settings = machine.demo_settings(data.absolute()) if demo else load(config)
    if port is not None:
        settings = settings.model_copy(update={"dashboard": settings.dashboard.model_copy(update={"port": port})})
    play = (lambda folder: machine.demo_command(settings, folder)) if demo else None

    def say(state: str, sentence: str, **more: str) -> None:
        tell({"state": state, **more}, f"relaywarden: {sentence}", as_json=as_json)

    def running(url: str) -> None:
        if url:
            say("running", f"the dashboard is on {url} (Ctrl-C ends all)", url=url)
        else:
            say("ending", "ending …")

    say("starting", "starting broker, ClickHouse, worker, sink, hooks, collectors and pages …")
    machine.run(settings, running, play)
    say("ended", "ended")


@app.command()
def demo(
    write: Annotated[Path, typer.Option("--write", help="The folder for the logs; must be empty.")],
    seed: Annotated[int, typer.Option(help="Another seed, another town.")] = 1,
    days: Annotated[float, typer.Option(min=0.05, max=400)] = 1.0,
    mailboxes: Annotated[int, typer.Option(min=20, max=1_000_000)] = 200,
    takeovers: Annotated[int, typer.Option(min=0, max=1000)] = 3,
    kinds: Annotated[str, typer.Option(metavar="KIND,…", help="Of takeovers (docs/demo-data.md); if not all.")] = "",
    start: Annotated[str, typer.Option(metavar="RFC3339", help="If not a day that the seed gives.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Write the simulated hoster's logs, complaints, labels and a configuration that fits into a folder."""
    from embedded.demo import write_past
    from embedded.terminal import growing, progress

    with progress(f"writing {write}") as advance, growing(write, advance):
        done = write_past(
            write, seed=seed, days=days, mailboxes=mailboxes, takeovers=takeovers, kinds=kinds, start=start
        )
    tell({"folder": str(write), "written": done}, done, as_json=as_json)


@app.command()
def collect(config: Config = DEFAULT_CONFIG) -> None:
    """Run the collectors: follow logs, poll lists, take in complaints, push events into Kafka."""
    from collectors.collect import run

    settings = _ready(config)
    with _told(settings, "collect"):
        run(settings)


@app.command()
def stream(config: Config = DEFAULT_CONFIG) -> None:
    """Run the worker: spot compromised mailboxes, decide about the pool."""
    from streams.worker import run

    settings = _ready(config)
    with _told(settings, "stream"):
        run(settings)


@app.command()
def hooks(
    config: Config = DEFAULT_CONFIG,
    *,
    plan: Annotated[bool, typer.Option("--plan", help="Show what the pools' hooks would do now, and end.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Let no sunset's switch refuse anybody, and end.")] = False,
    as_json: Json = False,
) -> None:
    """Run the hooks of this host: tell its MTA which relay IPs are active, bar mailboxes, keep sunsets' switches."""
    from embedded.hooks_plan import rows
    from streams.hooking import run
    from streams.switch_emptying import cleared

    if plan:
        show(rows(load(config)), "no pool has a hook", as_json=as_json)
        return
    if clear:
        done = list(cleared(load(config)))
        show(done, "no switch wrote anything", as_json=as_json)
        raise typer.Exit(1 if any(each["problem"] for each in done) else 0)
    settings = _ready(config)
    with _told(settings, "hooks"):
        run(settings)


@app.command()
def sink(config: Config = DEFAULT_CONFIG) -> None:
    """Run the sink: store every topic in ClickHouse."""
    from streams.warehouse import run

    settings = _ready(config)
    with _told(settings, "sink"):
        run(settings)


@app.command()
def desk(
    config: Config = DEFAULT_CONFIG,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be decided; write and send nothing.")
    ] = False,
) -> None:
    """Run the desk: decide about sunsets, hour by hour and at their weekly moments; send letters and reports; alert."""
    from streams.desk import run

    settings = _ready(config)
    with nullcontext() if dry_run else _told(settings, "desk"):
        run(settings, dry_run=dry_run)


@app.command()
def dashboard(config: Config = DEFAULT_CONFIG) -> None:
    """Serve the pages."""
    from dashboards.serve import run
    from embedded.listening import dashboard_is_free

    settings = _ready(config)
    dashboard_is_free(settings)
    raise typer.Exit(run(settings, config))


@app.command()
def api(config: Config = DEFAULT_CONFIG) -> None:
    """Serve the HTTP API: what is known, orders, complaints in, a stream of decisions."""
    from streams.api.serving import run

    settings = _ready(config)
    with _told(settings, "api"):
        run(settings)


@app.command()
def healthy(
    process: Annotated[str, typer.Argument(help="collect, stream, sink, hooks, desk or api.")],
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: Json = False,
) -> None:
    """Tell whether a process of this host works: exit status 0 if so, else 1 with what is wrong (health checks)."""
    from embedded.health import ailments
    from embedded.terminal import to_json

    found = ailments(load(config), process)
    if as_json:
        typer.echo(to_json({"process": process, "works": not found, "problems": found}))
    else:
        typer.echo("\n".join(found) or f"{process}: works", err=bool(found))
    raise typer.Exit(1 if found else 0)


@app.command()
def topics(config: Config = DEFAULT_CONFIG, *, as_json: Json = False) -> None:
    """Create the topics in Kafka; a topic with other partitions than configured is an error."""
    from collectors.admin import ensure_topics

    made = ensure_topics(load(config))
    show([{"topic": name, "done": "created"} for name in made], "all topics are there", as_json=as_json)


@app.command()
def migrate(
    config: Config = DEFAULT_CONFIG,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Bring ClickHouse to this release's tables."""
    from embedded.terminal import steps
    from streams.migrate import UPGRADE_SECONDS
    from streams.migrate import migrate as apply
    from streams.operating import warehouse

    settings = load(config)
    opened = warehouse(settings, database="", answer_seconds=UPGRADE_SECONDS)
    database, keep_days = settings.clickhouse.database, settings.clickhouse.keep_days
    with opened as client, steps(f"migrating {database}") as advance:
        done = apply(client, database, keep_days=keep_days, dry_run=dry_run, progress=advance)
    word = "would apply" if dry_run else "applied"
    show([{"migration": name, "done": word} for name in done], "the tables are up to date", as_json=as_json)


@app.command()
def check(
    config: Config = DEFAULT_CONFIG,
    master_cf: Annotated[Path | None, typer.Option(help="Compares the transports with this master.cf.")] = None,
    *,
    online: Annotated[bool, typer.Option("--online", help="Ask Kafka, ClickHouse and the lists, too.")] = False,
    as_json: Json = False,
) -> None:
    """Verify the configuration: every name in it, every file, every port, every hook; nothing is changed."""
    from embedded import checking, checking_online, checking_sunsets
    from embedded.running import live
    from streams.operating import now

    settings = load(config)
    wrong = checking.findings(settings, master_cf) + (checking_online.findings(live(settings)) if online else [])
    odd = [*checking.notes(settings), *checking_sunsets.past(settings, config, now())]
    told = [("error", each) for each in wrong] + [("note", each) for each in odd]
    rows = [{"level": level, **checking.split(each)} for level, each in told]
    show(rows, f"{config}: sound", as_json=as_json)
    if wrong:
        raise ValueError(f"{config}: {len(wrong)} {'error' if len(wrong) == 1 else 'errors'}")


@app.command()
def replay(
    config: Config = DEFAULT_CONFIG,
    decision: Annotated[str, typer.Option(metavar="ID", help="Make this one decision again, and compare.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Fold the pool's recorded observations again, with today's rules, and show what is decided; it writes nothing."""
    from embedded.running import live
    from embedded.terminal import stepwise
    from streams.operating import warehouse
    from streams.redeciding import redecided
    from streams.replaying import decisions, recorded
    from streams.sameness import sentence

    settings = live(load(config))
    with warehouse(settings) as client:
        if decision:
            again = redecided(client, settings, decision, config.stat().st_mtime_ns // 1000)
            tell(again, sentence(again), as_json=as_json)
            return
        decided = stepwise("replaying", recorded(client), lambda advance: decisions(client, settings, advance))
        show(decided, "no decisions", as_json=as_json)


def _ready(config: Path) -> Settings:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in (
        "kafka",
        "aiokafka",
        "faust",
        "mode",
        "urllib3",
        "streamlit",
        "httpx",
        "uvicorn",
    ):  # httpx tells whole URLs
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return load(config)


def _told(settings: Settings, process: Process) -> AbstractContextManager[None]:
    from embedded.health import told

    return told(settings, process)


def main() -> None:
    """Run the command; a user's error is one line on standard error and exit status 2."""
    try:
        app(standalone_mode=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read our output has seen enough
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except ValueError as error:
        _fail(str(error))


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"relaywarden: {' '.join(sentence.split())}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
