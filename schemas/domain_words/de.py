"""Deutsch, as it is written in Switzerland."""

SENTENCES = {
    "no_such_domain": (
        "Diese Domain gibt es nicht: {0}. Hat der Kunde gekündigt, oder ist die Registrierung abgelaufen?"
    ),
    "no_such_domain_told": "Diese Domain gibt es nicht: {0}. Ist ihre Registrierung abgelaufen?",
    "mx_found": "Mails werden von {0} angenommen.",
    "mx_null": "Die Domain gibt an, keine Mails anzunehmen (Null-MX): Manche Empfänger lehnen Mails von ihr dann ab.",
    "mx_implicit": "Es gibt keinen MX-Eintrag; Mails gehen an die Adresse der Domain selbst, {0}.",
    "mx_none": (
        "Es gibt weder einen MX-Eintrag noch eine Adresse: Viele Empfänger lehnen Mails ab, auf die niemand "
        "antworten kann."
    ),
    "mx_unknown": "Der MX-Eintrag liess sich nicht abfragen.",
    "spf_unknown": "Der SPF-Eintrag liess sich nicht abfragen.",
    "spf_absent": (
        "Es gibt keinen SPF-Eintrag: Grosse Empfänger lehnen solche Mails ab oder legen sie in den Spam-Ordner."
    ),
    "spf_several": "Es gibt {0} SPF-Einträge, erlaubt ist nur einer: Die Empfänger werten das als Fehler.",
    "spf_error": "Der SPF-Eintrag ist nicht gültig ({0}).",
    "spf_permits": "SPF erlaubt alle {0} unserer Adressen.",
    "spf_denies": "SPF erlaubt folgende unserer Adressen nicht: {0}.",
    "spf_include_denies": (
        "Unser eigener Eintrag {0}, den der SPF-Eintrag einbindet, erlaubt {1} nicht: Das müssen wir beheben."
    ),
    "spf_ips_unknown": "Ob SPF {0} erlaubt, liess sich nicht feststellen.",
    "spf_includes": "Der SPF-Eintrag bindet {0} ein.",
    "spf_without_include": (
        "SPF erlaubt unsere Adressen, ohne {0} einzubinden: Wenn sie sich ändern, gilt das nicht mehr."
    ),
    "spf_lacks_include": "Der SPF-Eintrag bindet {0} nicht ein.",
    "spf_lookups": "DNS-Abfragen, die der SPF-Eintrag auslöst: {0}; erlaubt sind zehn.",
    "spf_too_many": "Der SPF-Eintrag löst mehr als zehn DNS-Abfragen aus: Die Empfänger werten das als Fehler.",
    "spf_void": "Mehr als zwei Namen im SPF-Eintrag führen ins Leere: Die Empfänger werten das als Fehler.",
    "spf_all": "Der SPF-Eintrag endet mit {0}.",
    "spf_plus_all": "Der SPF-Eintrag endet mit +all: Er erlaubt aller Welt, im Namen der Domain zu senden.",
    "spf_neutral_all": (
        "Der SPF-Eintrag endet weder mit -all noch mit ~all: Er sagt nichts über das, was andere senden."
    ),
    "dkim_unknown": "Der DKIM-Schlüssel {0} liess sich nicht abfragen.",
    "dkim_absent": "Den DKIM-Schlüssel {0} gibt es nicht: Die Signaturen unserer Mails lassen sich nicht prüfen.",
    "dkim_dangling": "Der DKIM-Schlüssel {0} verweist auf {1}, doch dort gibt es keinen.",
    "dkim_several": "Für den DKIM-Schlüssel {0} gibt es {1} Einträge, erlaubt ist nur einer.",
    "dkim_error": "Der DKIM-Schlüssel {0} ist nicht lesbar; fehlerhaft ist: {1}",
    "dkim_revoked": "Der DKIM-Schlüssel {0} ist widerrufen (sein p= ist leer): Jede Signatur damit ist ungültig.",
    "dkim_unfit": "Der DKIM-Schlüssel {0} gilt nicht für Mails, wie sie heute signiert werden: {1}",
    "dkim_weak": "Der DKIM-Schlüssel {0} hat {1} Bit; Schlüssel mit weniger als 1024 Bit beachten die Empfänger nicht.",
    "dkim_short": "Der DKIM-Schlüssel {0} hat {1} Bit; das wird noch akzeptiert, empfohlen sind 2048.",
    "dkim_key": "Der DKIM-Schlüssel {0} ist vorhanden ({1}).",
    "dkim_testing": (
        "Der DKIM-Schlüssel {0} enthält t=y (Testbetrieb): Manche Empfänger behandeln Mails dann wie unsignierte."
    ),
    "dmarc_unknown": "Der DMARC-Eintrag liess sich nicht abfragen.",
    "dmarc_absent": (
        "Es gibt keinen DMARC-Eintrag: Wer viel versendet und keinen hat, dessen Mails lehnen grosse Empfänger ab."
    ),
    "dmarc_several": "Es gibt {0} DMARC-Einträge, erlaubt ist nur einer: Die Empfänger beachten keinen davon.",
    "dmarc_error": "Ein Teil des DMARC-Eintrags ist nicht gültig: {0}",
    "dmarc_policy": "Es gibt einen DMARC-Eintrag mit der Richtlinie {0}.",
    "dmarc_inherited": "Es gilt der DMARC-Eintrag von {0} mit der Richtlinie {1}.",
    "dmarc_no_policy": "Der DMARC-Eintrag enthält kein p=: Manche Empfänger beachten ihn nicht.",
    "dmarc_subdomains": "Für Subdomains gibt er {0} vor.",
    "dmarc_testing": "Der DMARC-Eintrag enthält {0}: Seine Richtlinie wird nicht oder nicht immer angewandt.",
    "dmarc_no_rua": "Der DMARC-Eintrag fordert keine Berichte an (rua=): Von Missbrauch erfährt niemand.",
    "dmarc_rua": "DMARC-Berichte gehen an {0}.",
    "dmarc_rua_bad": "DMARC-Berichte sind so nicht zustellbar, denn das ist keine Adresse: {0}",
    "dmarc_rua_refused": "DMARC-Berichte werden nicht an {0} gesandt: {1} erklärt nicht, sie anzunehmen.",
    "dmarc_rua_unknown": "Ob DMARC-Berichte an {0} gesandt werden, liess sich nicht feststellen.",
    "dmarc_aligned": "SPF kann für DMARC zählen: Unser Umschlagabsender liegt in der Domain.",
    "dmarc_unaligned": "SPF kann für DMARC nicht zählen, weil unser Umschlagabsender in {0} liegt: Nur DKIM zählt.",
    "dmarc_alignment_unknown": "Ob SPF mit {0} für DMARC zählen kann, liess sich nicht feststellen.",
}
