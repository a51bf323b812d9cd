"""What people are called."""

FIRST = (
    "anna", "bert", "carla", "dieter", "eva", "franz", "gina", "hans", "ida", "jan", "klara", "luca", "maja",
    "nino", "olga", "paul", "quirin", "rosa", "sven", "tina", "udo", "vera", "walter", "yvonne", "zoe", "mike",
    "john", "sarah", "david", "laura", "marco", "elena", "pierre", "marie", "thomas", "julia", "peter",
    "sandra", "stefan", "nicole",
)  # fmt: skip
LAST = (
    "muster", "beispiel", "keller", "rossi", "dubois", "meier", "baum", "stein", "bianchi", "weber", "graf",
    "roth", "huber", "moser", "kunz", "frei", "brunner", "gerber", "vogel", "wolf", "fuchs", "lang", "kurz",
    "jung", "alt", "koch", "bauer", "schmid", "schulz", "becker", "hoffmann", "klein", "schwarz", "weiss",
    "braun", "gross", "smith", "jones", "brown", "miller", "davis", "wilson", "taylor", "martin", "bernard",
    "petit", "ferrari", "russo", "romano", "costa", "lopez", "garcia", "perez", "novak",
)  # fmt: skip
