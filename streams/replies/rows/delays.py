"""Delays for the first mail: greylisting, and what is a delay though it is called otherwise."""

from streams.replies.row import Row

ROWS = (
    Row(
        name="passing_with_a_5xx",
        kind="other",  # of the recipient it proves nothing: schemas/reasons/doubt.py
        rank=0,
        codes=("5",),
        words=("said: 4", "name resolution", "try again later"),
        pattern=r".{0,120}(?:undeliverable address: .{0,120}\bsaid: 4\d\d\b|temporary failure in name resolution|"
        r"mailbox unavailable.{0,60}\btry again later)",
        sample="550-Requested action not taken: mailbox unavailable 550 Failure sending mail. Try again later",
        source="https://github.com/jstedfast/MailKit/issues/968",
    ),
    Row(
        name="address_verification",
        kind="greylisted",
        rank=0,
        codes=("4",),
        words=("verification in progress",),
        pattern=r".{0,200}Address verification in progress",
        sample="450 4.1.1 <user@example.com>: Recipient address rejected: unverified address: Address verification in "
        "progress",
        source="https://www.postfix.org/ADDRESS_VERIFICATION_README.html",
    ),
    Row(
        name="greylisted",
        kind="greylisted",
        rank=0,
        codes=("4",),
        words=("greylist", "graylist", "grey-list", "grey list", "postgrey", "milter-greylist"),
        pattern=r".{0,250}gr[ae]y-? ?list|.{0,250}postgrey",
        sample="450 4.2.0 <user@example.com>: Recipient address rejected: Greylisted, see "
        "http://postgrey.schweikert.ch/help/example.com.html",
        source="https://postgrey.schweikert.ch/",
    ),
    Row(
        name="greylisted_otherwise",
        kind="greylisted",
        rank=2,
        codes=("4",),
        words=(
            "first time",
            "not yet",
            "minutes",
            "seconds",
            "new sender",
            "triplet",
            "antispam",
            "anti-spam",
            "first try",
        ),
        pattern=r".{0,200}(?:first time|not yet (?:authorized|accepted|known)|not seen before|unknown triplet|first "
        r"try|"
        r"(?:retry|again|back) (?:later,? )?(?:in|after) \d{1,5} ?(?:s|m|h)|temporarily rejected as anti-?spam)",
        sample="451 192.0.2.1 is not yet authorized to deliver mail from <user@example.com> to <user@example.net>. "
        "Please try later.",
        source="https://salsa.debian.org/debian/greylistd",
    ),
    Row(
        name="try_again_later",
        kind="greylisted",
        rank=2,
        codes=("450", "451", "4.7.1"),
        words=("try again later",),
        pattern=r"(?:<\S{1,200}>: )?(?:(?:Recipient|Sender) address rejected: )?(?:Please )?try again later\.?$",
        sample="450 4.7.1 Try again later",
        source="https://docs.rspamd.com/modules/greylisting/",
    ),
)
