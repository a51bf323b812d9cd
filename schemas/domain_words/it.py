"""Italiano."""

SENTENCES = {
    "no_such_domain": "Questo dominio non esiste: {0}. Il cliente se n'è andato, o la registrazione è scaduta?",
    "no_such_domain_told": "Questo dominio non esiste: {0}. La sua registrazione è scaduta?",
    "mx_found": "Le e-mail sono ricevute da {0}.",
    "mx_null": (
        "Il dominio dichiara di non ricevere e-mail (Null MX): alcuni destinatari rifiutano allora quelle che invia."
    ),
    "mx_implicit": "Non c'è un record MX; le e-mail vanno all'indirizzo del dominio stesso, {0}.",
    "mx_none": (
        "Non c'è né un record MX né un indirizzo: molti destinatari rifiutano le e-mail alle quali non si "
        "può rispondere."
    ),
    "mx_unknown": "Non è stato possibile interrogare il record MX.",
    "spf_unknown": "Non è stato possibile interrogare il record SPF.",
    "spf_absent": (
        "Non c'è un record SPF: i grandi destinatari rifiutano tali e-mail o le mettono nella posta indesiderata."
    ),
    "spf_several": "Ci sono {0} record SPF, ma ne è ammesso uno solo: i destinatari lo considerano un errore.",
    "spf_error": "Il record SPF non è valido ({0}).",
    "spf_permits": "SPF autorizza tutti i nostri indirizzi ({0}).",
    "spf_denies": "SPF non autorizza questi nostri indirizzi: {0}.",
    "spf_include_denies": "Il nostro record {0}, che il record SPF include, non autorizza {1}: spetta a noi rimediare.",
    "spf_ips_unknown": "Non è stato possibile stabilire se SPF autorizza {0}.",
    "spf_includes": "Il record SPF include {0}.",
    "spf_without_include": (
        "SPF autorizza i nostri indirizzi senza includere {0}: non sarà più così quando cambieranno."
    ),
    "spf_lacks_include": "Il record SPF non include {0}.",
    "spf_lookups": "Interrogazioni DNS generate dal record SPF: {0}; ne sono ammesse dieci.",
    "spf_too_many": "Il record SPF genera più di dieci interrogazioni DNS: i destinatari lo considerano un errore.",
    "spf_void": "Nel record SPF più di due nomi non portano a nulla: i destinatari lo considerano un errore.",
    "spf_all": "Il record SPF termina con {0}.",
    "spf_plus_all": "Il record SPF termina con +all: autorizza chiunque a inviare e-mail a nome del dominio.",
    "spf_neutral_all": (
        "Il record SPF non termina né con -all né con ~all: non dice nulla delle e-mail inviate da altri."
    ),
    "dkim_unknown": "Non è stato possibile interrogare la chiave DKIM {0}.",
    "dkim_absent": "La chiave DKIM {0} non esiste: le firme delle nostre e-mail non si possono verificare.",
    "dkim_dangling": "La chiave DKIM {0} rimanda a {1}, dove non c'è alcuna chiave.",
    "dkim_several": "Ci sono {1} record per la chiave DKIM {0}, ma ne è ammesso uno solo.",
    "dkim_error": "La chiave DKIM {0} non è leggibile; parte errata: {1}",
    "dkim_revoked": "La chiave DKIM {0} è revocata (il suo p= è vuoto): ogni firma fatta con essa non è valida.",
    "dkim_unfit": "La chiave DKIM {0} non è adatta alle e-mail come vengono firmate oggi: {1}",
    "dkim_weak": "La chiave DKIM {0} ha {1} bit; i destinatari ignorano le chiavi con meno di 1024 bit.",
    "dkim_short": "La chiave DKIM {0} ha {1} bit, ancora accettati; se ne consigliano 2048.",
    "dkim_key": "La chiave DKIM {0} è presente ({1}).",
    "dkim_testing": (
        "La chiave DKIM {0} contiene t=y (modalità di prova): alcuni destinatari trattano allora l'e-mail "
        "come se non fosse firmata."
    ),
    "dmarc_unknown": "Non è stato possibile interrogare il record DMARC.",
    "dmarc_absent": (
        "Non c'è un record DMARC: i grandi destinatari rifiutano le e-mail di chi ne invia molte senza averlo."
    ),
    "dmarc_several": "Ci sono {0} record DMARC, ma ne è ammesso uno solo: i destinatari li ignorano tutti.",
    "dmarc_error": "Una parte del record DMARC non è valida: {0}",
    "dmarc_policy": "C'è un record DMARC, con la policy {0}.",
    "dmarc_inherited": "Si applica il record DMARC di {0}, con la policy {1}.",
    "dmarc_no_policy": "Il record DMARC non ha p=: alcuni destinatari lo ignorano.",
    "dmarc_subdomains": "Per i sottodomini indica {0}.",
    "dmarc_testing": "Il record DMARC contiene {0}: la sua policy non viene applicata, o non sempre.",
    "dmarc_no_rua": "Il record DMARC non richiede rapporti (rua=): nessuno viene a sapere degli abusi.",
    "dmarc_rua": "I rapporti DMARC vengono inviati a {0}.",
    "dmarc_rua_bad": "I rapporti DMARC non possono essere inviati a ciò che non è un indirizzo: {0}",
    "dmarc_rua_refused": "I rapporti DMARC non vengono inviati a {0}: {1} non dichiara di accettarli.",
    "dmarc_rua_unknown": "Non è stato possibile stabilire se i rapporti DMARC vengono inviati a {0}.",
    "dmarc_aligned": "SPF può contare per DMARC: il nostro mittente della busta (envelope) appartiene al dominio.",
    "dmarc_unaligned": (
        "SPF non può contare per DMARC, perché il nostro mittente della busta (envelope) è in {0}: conta solo DKIM."
    ),
    "dmarc_alignment_unknown": "Non è stato possibile stabilire se SPF con {0} può contare per DMARC.",
}
