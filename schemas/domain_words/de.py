"""Deutsch, as it is written in Switzerland."""

SENTENCES = {
    "no_such_domain": (
        "Diese Domain gibt es nicht: {0}. Ist der Kunde weggezogen, oder ist die Registrierung abgelaufen?"
    ),
    "no_such_domain_told": "Diese Domain gibt es nicht: {0}. Ist ihre Registrierung abgelaufen?",
    "mx_found": "Mails nimmt {0} an.",
    "mx_null": (
        "Die Domain sagt, dass sie keine Mails annimmt (Null-MX): Manche Empfänger lehnen Mails von ihr dann ab."
    ),
    "mx_implicit": "Es gibt keinen MX-Eintrag; Mails gehen an die Adresse der Domain selbst, {0}.",
    "mx_none": (
        "Es gibt weder einen MX-Eintrag noch eine Adresse: Viele Empfänger lehnen Mails ab, auf "
        "die niemand antworten kann."
    ),
    "mx_unknown": "Der MX-Eintrag liess sich nicht abfragen.",
    "spf_unknown": "Der SPF-Eintrag liess sich nicht abfragen.",
    "spf_absent": "Es gibt keinen SPF-Eintrag: Grosse Empfänger lehnen solche Mails ab oder legen sie beiseite.",
    "spf_several": "Es gibt {0} SPF-Einträge; es darf nur einer sein, sonst gilt er bei den Empfängern als fehlerhaft.",
    "spf_error": "Der SPF-Eintrag ist nicht gültig ({0}).",
    "spf_permits": "SPF erlaubt alle {0} unserer Adressen.",
    "spf_denies": "SPF erlaubt diese unserer Adressen nicht: {0}.",
    "spf_include_denies": (
        "Unser eigener Eintrag {0}, den der SPF-Eintrag einschliesst, erlaubt {1} nicht: Das müssen wir beheben."
    ),
    "spf_ips_unknown": "Ob SPF {0} erlaubt, liess sich nicht feststellen.",
    "spf_includes": "Der SPF-Eintrag schliesst {0} ein.",
    "spf_without_include": "SPF erlaubt unsere Adressen, ohne {0} einzuschliessen: Sobald sie ändern, nicht mehr.",
    "spf_lacks_include": "Der SPF-Eintrag schliesst {0} nicht ein.",
    "spf_lookups": "Abfragen im DNS, zu denen der SPF-Eintrag führt: {0}; erlaubt sind zehn.",
    "spf_too_many": (
        "Der SPF-Eintrag führt zu mehr als zehn Abfragen im DNS: Bei den Empfängern gilt er als fehlerhaft."
    ),
    "spf_void": "Mehr als zwei Namen im SPF-Eintrag führen ins Leere: Bei den Empfängern gilt er als fehlerhaft.",
    "spf_all": "Der SPF-Eintrag endet mit {0}.",
    "spf_plus_all": "Der SPF-Eintrag endet mit +all: Er erlaubt aller Welt, im Namen der Domain zu senden.",
    "spf_neutral_all": "Der SPF-Eintrag endet nicht mit -all oder ~all: Er sagt nichts über das, was andere senden.",
    "dkim_unknown": "Der DKIM-Schlüssel {0} liess sich nicht abfragen.",
    "dkim_absent": "Den DKIM-Schlüssel {0} gibt es nicht: Die Unterschriften unserer Mails lassen sich nicht prüfen.",
    "dkim_dangling": "Der DKIM-Schlüssel {0} verweist auf {1}, wo es keinen gibt.",
    "dkim_several": "Für den DKIM-Schlüssel {0} gibt es {1} Einträge; es darf nur einer sein.",
    "dkim_error": "Der DKIM-Schlüssel {0} ist nicht lesbar; falsch ist: {1}",
    "dkim_revoked": "Der DKIM-Schlüssel {0} ist widerrufen (sein p= ist leer): Jede Unterschrift damit ist ungültig.",
    "dkim_unfit": "Der DKIM-Schlüssel {0} gilt nicht für Mails, wie sie heute unterschrieben werden: {1}",
    "dkim_weak": "Der DKIM-Schlüssel {0} hat {1} Bit; Schlüssel unter 1024 beachten die Empfänger nicht.",
    "dkim_short": "Der DKIM-Schlüssel {0} hat {1} Bit, was noch gilt; empfohlen sind 2048.",
    "dkim_key": "Der DKIM-Schlüssel {0} ist da ({1}).",
    "dkim_testing": (
        "Der DKIM-Schlüssel {0} sagt t=y (Versuch): Manchen Empfängern gilt die Mail dann als nicht unterschrieben."
    ),
    "dmarc_unknown": "Der DMARC-Eintrag liess sich nicht abfragen.",
    "dmarc_absent": "Es gibt keinen DMARC-Eintrag: Grosse Empfänger lehnen Mails von Vielsendern ohne einen ab.",
    "dmarc_several": "Es gibt {0} DMARC-Einträge; es darf nur einer sein, sonst beachten die Empfänger keinen davon.",
    "dmarc_error": "Ein Teil des DMARC-Eintrags ist nicht gültig: {0}",
    "dmarc_policy": "Es gibt einen DMARC-Eintrag mit der Richtlinie {0}.",
    "dmarc_inherited": "Es gilt der DMARC-Eintrag von {0} mit der Richtlinie {1}.",
    "dmarc_no_policy": "Der DMARC-Eintrag hat kein p=: Manche Empfänger beachten ihn nicht.",
    "dmarc_subdomains": "Für Subdomains sagt er {0}.",
    "dmarc_testing": "Der DMARC-Eintrag sagt {0}: Seine Richtlinie wird nicht oder nicht immer angewandt.",
    "dmarc_no_rua": "Der DMARC-Eintrag verlangt keine Berichte (rua=): Von Missbrauch erfährt niemand.",
    "dmarc_rua": "DMARC-Berichte gehen an {0}.",
    "dmarc_rua_bad": "DMARC-Berichte können nicht an etwas gehen, das keine Adresse ist: {0}",
    "dmarc_rua_refused": "DMARC-Berichte werden nicht an {0} gesandt: {1} sagt nicht, dass es sie annimmt.",
    "dmarc_rua_unknown": "Ob DMARC-Berichte an {0} gesandt werden, liess sich nicht feststellen.",
    "dmarc_aligned": "SPF kann für DMARC zählen: Unser Umschlagabsender liegt in der Domain.",
    "dmarc_unaligned": "SPF kann für DMARC nicht zählen, weil unser Umschlagabsender in {0} liegt: Nur DKIM zählt.",
    "dmarc_alignment_unknown": "Ob SPF mit {0} für DMARC zählen kann, liess sich nicht feststellen.",
}
