"""The views that count each minute: standing still, turning when a test says so, killed in a turn or in an upgrade."""

from clickhouse_connect.driver.client import Client

from embedded.clickhouse import ClickHouseServer
from streams.migrate import migrate, migrations

VIEWS = (
    "mail_slots_turn",
    "mail_slots_turned",
    "pool_slots_turn",
    "pool_slots_turned",
    "customer_hours_turn",
    "customer_hours_turned",
)
_CUT_OFF_AFTER = 4


def still(client: Client, database: str) -> None:
    """Have the views stand still: those of a whole run of tests would keep one core busy."""
    for view in VIEWS:
        parameters = {"database": database, "view": view}
        client.command("SYSTEM STOP VIEW {database:Identifier}.{view:Identifier}", parameters=parameters)


def turn(client: Client) -> None:
    """Have the counts made anew where anything was stored, and wait for it."""
    for view in VIEWS:
        client.command(f"SYSTEM START VIEW {view}")
        client.command(f"SYSTEM REFRESH VIEW {view}")
        client.command(f"SYSTEM WAIT VIEW {view}")


def turn_until(client: Client, left: str, most: int = 12) -> None:
    """Turn until the question how much is left is answered 0. TimeoutError where that takes more turns."""
    for _ in range(most):
        if not client.command(left):
            return
        turn(client)
    if number := client.command(left):
        raise TimeoutError(f"after {most} turns {left} is {number}")


def killed_in_a_turn(server: ClickHouseServer, database: str, view: str) -> Client:
    """Kill ClickHouse once a view has begun to count, start it anew and have all counted; return a client."""
    server.connect(database).command(f"SYSTEM REFRESH VIEW {view}")
    server.kill()
    server.start()
    client = server.connect(database)
    turn(client)
    return client


def before(server: ClickHouseServer, database: str, number: str) -> Client:
    """Make a database with the tables that were there before the migration of this number; return a client."""
    server.connect().command(f"CREATE DATABASE {database}")
    client = server.connect(database)
    for item in migrations():
        if item.name < number:
            for statement in item.statements():
                client.command(statement)
    return client


def cut_off(server: ClickHouseServer, database: str, number: str) -> Client:
    """Begin the migration of this number, kill ClickHouse in it, and migrate after it started anew; return a client."""
    (upgrade,) = (item for item in migrations() if item.name.startswith(number))
    for statement in list(upgrade.statements())[:_CUT_OFF_AFTER]:
        server.connect(database).command(statement)
    server.kill()
    server.start()
    migrate(server.connect(), database)
    return server.connect(database)
