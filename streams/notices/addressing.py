"""To whom a mail about a mailbox goes, and in which language: never to nobody but that mailbox itself."""

import msgspec

from schemas.customers import Customers
from schemas.mailbox_hooks import ADDRESS, CustomerMailHook
from schemas.names import canonical_mailbox, domain_of
from schemas.settings import Settings
from streams.notices import Language


class Addressee(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to tell; without a `recipient`, `problem` says why nobody is told, else what is odd about it."""

    customer: str
    recipient: str
    language: Language
    problem: str = ""


class Addressing:
    """The addressees of one configuration."""

    def __init__(self, settings: Settings, hook: CustomerMailHook) -> None:
        self._hook = hook
        self._contacts = settings.customers
        self._customers = Customers(settings.customers)

    def of(self, mailbox: str) -> Addressee:
        """Return whom to tell about a mailbox: its customer's contact, else the fallback, else your own desk.

        Whoever took a mailbox over reads what it gets, and hides it from its owner.
        """
        customer = self._customers.of(mailbox)
        configured = self._contacts.get(customer)
        language: Language = (configured.language if configured else "") or self._hook.language
        places = [(configured.contact if configured else "", "contact"), (self._fallback(mailbox), "fallback")]
        given = [(address, what) for address, what in places if address]
        for address, what in given:
            if not ADDRESS.fullmatch(address):
                problem = f"the {what} {address!r} is no mail address"
                return Addressee(customer=customer, recipient="", language=language, problem=problem)
            if canonical_mailbox(address) != canonical_mailbox(mailbox):
                problem = (
                    "" if (address, what) == given[0] else "the contact is this mailbox itself: the fallback is told"
                )
                return Addressee(customer=customer, recipient=address, language=language, problem=problem)
        if not given:
            problem = "its customer has no contact, and there is no fallback"
            return Addressee(customer=customer, recipient="", language=language, problem=problem)
        problem = "nobody can be told but this mailbox itself"
        own = self._hook.desk if canonical_mailbox(self._hook.desk) != canonical_mailbox(mailbox) else ""
        told = f"{problem}: your desk is told" if own else problem
        return Addressee(customer=customer, recipient=own, language=language, problem=told)

    def _fallback(self, mailbox: str) -> str:
        domain = domain_of(mailbox)
        if "{domain}" not in self._hook.fallback:
            return self._hook.fallback
        made = self._hook.fallback.replace("{domain}", domain)
        return made if domain and ADDRESS.fullmatch(made) else ""
