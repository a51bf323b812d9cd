"""Français."""

SENTENCES = {
    "no_such_domain": "Ce domaine n'existe pas : {0}. Le client est-il parti, ou l'enregistrement a-t-il expiré ?",
    "no_such_domain_told": "Ce domaine n'existe pas : {0}. Son enregistrement a-t-il expiré ?",
    "mx_found": "Les e-mails sont reçus par {0}.",
    "mx_null": "Le domaine dit ne pas recevoir d'e-mails (MX nul) : certains destinataires refusent alors les siens.",
    "mx_implicit": "Il n'y a pas d'enregistrement MX ; les e-mails vont à l'adresse du domaine lui-même, {0}.",
    "mx_none": (
        "Il n'y a ni enregistrement MX ni adresse : beaucoup de destinataires refusent un e-mail "
        "auquel on ne peut répondre."
    ),
    "mx_unknown": "L'enregistrement MX n'a pas pu être consulté.",
    "spf_unknown": "L'enregistrement SPF n'a pas pu être consulté.",
    "spf_absent": (
        "Il n'y a pas d'enregistrement SPF : les grands destinataires refusent de tels e-mails ou les mettent de côté."
    ),
    "spf_several": (
        "Il y a {0} enregistrements SPF alors qu'il n'en faut qu'un : pour les destinataires, c'est une erreur."
    ),
    "spf_error": "L'enregistrement SPF n'est pas valable ({0}).",
    "spf_permits": "SPF autorise toutes nos adresses ({0}).",
    "spf_denies": "SPF n'autorise pas celles-ci de nos adresses : {0}.",
    "spf_include_denies": (
        "Notre propre enregistrement {0}, que l'enregistrement SPF inclut, n'autorise pas "
        "{1} : c'est à nous d'y remédier."
    ),
    "spf_ips_unknown": "Impossible de savoir si SPF autorise {0}.",
    "spf_includes": "L'enregistrement SPF inclut {0}.",
    "spf_without_include": "SPF autorise nos adresses sans inclure {0} : il ne le fera plus quand elles changeront.",
    "spf_lacks_include": "L'enregistrement SPF n'inclut pas {0}.",
    "spf_lookups": "Requêtes DNS qu'entraîne l'enregistrement SPF : {0} ; dix sont permises.",
    "spf_too_many": (
        "L'enregistrement SPF entraîne plus de dix requêtes DNS : pour les destinataires, c'est une erreur."
    ),
    "spf_void": (
        "Plus de deux noms de l'enregistrement SPF ne mènent à rien : pour les destinataires, c'est une erreur."
    ),
    "spf_all": "L'enregistrement SPF se termine par {0}.",
    "spf_plus_all": (
        "L'enregistrement SPF se termine par +all : il autorise le monde entier à envoyer au nom du domaine."
    ),
    "spf_neutral_all": (
        "L'enregistrement SPF ne se termine ni par -all ni par ~all : il ne dit rien de ce que d'autres envoient."
    ),
    "dkim_unknown": "La clé DKIM {0} n'a pas pu être consultée.",
    "dkim_absent": "La clé DKIM {0} n'existe pas : les signatures de nos e-mails ne peuvent être vérifiées.",
    "dkim_dangling": "La clé DKIM {0} renvoie à {1}, où il n'y en a pas.",
    "dkim_several": "Il y a {1} enregistrements pour la clé DKIM {0} alors qu'il n'en faut qu'un.",
    "dkim_error": "La clé DKIM {0} est illisible ; ce qui est faux : {1}",
    "dkim_revoked": "La clé DKIM {0} est révoquée (son p= est vide) : toute signature avec elle échoue.",
    "dkim_unfit": "La clé DKIM {0} ne vaut pas pour des e-mails tels qu'on les signe aujourd'hui : {1}",
    "dkim_weak": "La clé DKIM {0} a {1} bits ; les destinataires ignorent les clés de moins de 1024.",
    "dkim_short": "La clé DKIM {0} a {1} bits, ce qui est encore accepté ; 2048 sont conseillés.",
    "dkim_key": "La clé DKIM {0} est en place ({1}).",
    "dkim_testing": "La clé DKIM {0} dit t=y (essai) : pour certains destinataires, l'e-mail n'est alors pas signé.",
    "dmarc_unknown": "L'enregistrement DMARC n'a pas pu être consulté.",
    "dmarc_absent": (
        "Il n'y a pas d'enregistrement DMARC : les grands destinataires refusent ceux qui envoient "
        "beaucoup sans en avoir."
    ),
    "dmarc_several": (
        "Il y a {0} enregistrements DMARC alors qu'il n'en faut qu'un : les destinataires les ignorent tous."
    ),
    "dmarc_error": "Une partie de l'enregistrement DMARC n'est pas valable : {0}",
    "dmarc_policy": "Il y a un enregistrement DMARC, avec la politique {0}.",
    "dmarc_inherited": "L'enregistrement DMARC de {0} s'applique, avec la politique {1}.",
    "dmarc_no_policy": "L'enregistrement DMARC n'a pas de p= : certains destinataires l'ignorent.",
    "dmarc_subdomains": "Pour les sous-domaines, il dit {0}.",
    "dmarc_testing": "L'enregistrement DMARC dit {0} : sa politique n'est pas, ou pas toujours, appliquée.",
    "dmarc_no_rua": "L'enregistrement DMARC ne demande pas de rapports (rua=) : personne n'apprend les abus.",
    "dmarc_rua": "Les rapports DMARC vont à {0}.",
    "dmarc_rua_bad": "Les rapports DMARC ne peuvent aller à ce qui n'est pas une adresse : {0}",
    "dmarc_rua_refused": "Les rapports DMARC ne sont pas envoyés à {0} : {1} ne dit pas qu'il les accepte.",
    "dmarc_rua_unknown": "Impossible de savoir si les rapports DMARC sont envoyés à {0}.",
    "dmarc_aligned": "SPF peut compter pour DMARC : notre expéditeur d'enveloppe est dans le domaine.",
    "dmarc_unaligned": (
        "SPF ne peut compter pour DMARC, car notre expéditeur d'enveloppe est dans {0} : seul DKIM compte."
    ),
    "dmarc_alignment_unknown": "Impossible de savoir si SPF avec {0} peut compter pour DMARC.",
}
