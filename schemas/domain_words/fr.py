"""Français."""

SENTENCES = {
    "no_such_domain": "Ce domaine n'existe pas : {0}. Le client est-il parti, ou l'enregistrement a-t-il expiré ?",
    "no_such_domain_told": "Ce domaine n'existe pas : {0}. Son enregistrement a-t-il expiré ?",
    "mx_found": "Les e-mails sont reçus par {0}.",
    "mx_null": (
        "Le domaine déclare ne pas recevoir d'e-mails (Null MX) : certains destinataires refusent alors ceux "
        "qu'il envoie."
    ),
    "mx_implicit": "Il n'y a pas d'enregistrement MX ; les e-mails vont à l'adresse du domaine lui-même, {0}.",
    "mx_none": (
        "Il n'y a ni enregistrement MX ni adresse : beaucoup de destinataires refusent les e-mails auxquels "
        "on ne peut pas répondre."
    ),
    "mx_unknown": "L'enregistrement MX n'a pas pu être consulté.",
    "spf_unknown": "L'enregistrement SPF n'a pas pu être consulté.",
    "spf_absent": (
        "Il n'y a pas d'enregistrement SPF : les grands destinataires refusent de tels e-mails ou les "
        "classent comme indésirables."
    ),
    "spf_several": "Il y a {0} enregistrements SPF alors qu'un seul est admis : les destinataires y voient une erreur.",
    "spf_error": "L'enregistrement SPF n'est pas valide ({0}).",
    "spf_permits": "SPF autorise toutes nos adresses ({0}).",
    "spf_denies": "SPF n'autorise pas certaines de nos adresses : {0}.",
    "spf_include_denies": (
        "Notre propre enregistrement {0}, que l'enregistrement SPF inclut, n'autorise pas {1} : c'est à nous "
        "d'y remédier."
    ),
    "spf_ips_unknown": "Impossible de savoir si SPF autorise {0}.",
    "spf_includes": "L'enregistrement SPF inclut {0}.",
    "spf_without_include": (
        "SPF autorise nos adresses sans inclure {0} : ce ne sera plus le cas quand elles changeront."
    ),
    "spf_lacks_include": "L'enregistrement SPF n'inclut pas {0}.",
    "spf_lookups": "Requêtes DNS qu'entraîne l'enregistrement SPF : {0} ; dix au plus sont admises.",
    "spf_too_many": "L'enregistrement SPF entraîne plus de dix requêtes DNS : les destinataires y voient une erreur.",
    "spf_void": (
        "Dans l'enregistrement SPF, plus de deux noms ne mènent à rien : les destinataires y voient une erreur."
    ),
    "spf_all": "L'enregistrement SPF se termine par {0}.",
    "spf_plus_all": (
        "L'enregistrement SPF se termine par +all : il autorise n'importe qui à envoyer des e-mails au nom du domaine."
    ),
    "spf_neutral_all": (
        "L'enregistrement SPF ne se termine ni par -all ni par ~all : il ne dit rien des e-mails que d'autres envoient."
    ),
    "dkim_unknown": "La clé DKIM {0} n'a pas pu être consultée.",
    "dkim_absent": "La clé DKIM {0} n'existe pas : les signatures de nos e-mails ne peuvent pas être vérifiées.",
    "dkim_dangling": "La clé DKIM {0} renvoie à {1}, où il n'y a pas de clé.",
    "dkim_several": "Il y a {1} enregistrements pour la clé DKIM {0} alors qu'un seul est admis.",
    "dkim_error": "La clé DKIM {0} est illisible ; élément erroné : {1}",
    "dkim_revoked": "La clé DKIM {0} est révoquée (son p= est vide) : toute signature faite avec elle est invalide.",
    "dkim_unfit": "La clé DKIM {0} ne convient pas aux e-mails tels qu'ils sont signés aujourd'hui : {1}",
    "dkim_weak": "La clé DKIM {0} compte {1} bits ; les destinataires ignorent les clés de moins de 1024 bits.",
    "dkim_short": "La clé DKIM {0} compte {1} bits, ce qui est encore accepté ; 2048 sont recommandés.",
    "dkim_key": "La clé DKIM {0} est en place ({1}).",
    "dkim_testing": (
        "La clé DKIM {0} contient t=y (mode test) : certains destinataires traitent alors l'e-mail comme "
        "s'il n'était pas signé."
    ),
    "dmarc_unknown": "L'enregistrement DMARC n'a pas pu être consulté.",
    "dmarc_absent": (
        "Il n'y a pas d'enregistrement DMARC : les grands destinataires refusent les e-mails des gros "
        "expéditeurs qui n'en ont pas."
    ),
    "dmarc_several": (
        "Il y a {0} enregistrements DMARC alors qu'un seul est admis : les destinataires les ignorent tous."
    ),
    "dmarc_error": "Une partie de l'enregistrement DMARC n'est pas valide : {0}",
    "dmarc_policy": "Il y a un enregistrement DMARC, avec la politique {0}.",
    "dmarc_inherited": "C'est l'enregistrement DMARC de {0} qui s'applique, avec la politique {1}.",
    "dmarc_no_policy": "L'enregistrement DMARC n'a pas de p= : certains destinataires l'ignorent.",
    "dmarc_subdomains": "Pour les sous-domaines, il indique {0}.",
    "dmarc_testing": "L'enregistrement DMARC contient {0} : sa politique n'est pas, ou pas toujours, appliquée.",
    "dmarc_no_rua": "L'enregistrement DMARC ne demande pas de rapports (rua=) : personne n'est informé des abus.",
    "dmarc_rua": "Les rapports DMARC sont envoyés à {0}.",
    "dmarc_rua_bad": "Les rapports DMARC ne peuvent pas être envoyés à ce qui n'est pas une adresse : {0}",
    "dmarc_rua_refused": "Les rapports DMARC ne sont pas envoyés à {0} : {1} ne déclare pas les accepter.",
    "dmarc_rua_unknown": "Impossible de savoir si les rapports DMARC sont envoyés à {0}.",
    "dmarc_aligned": "SPF peut compter pour DMARC : notre expéditeur d'enveloppe est dans le domaine.",
    "dmarc_unaligned": (
        "SPF ne peut pas compter pour DMARC, car notre expéditeur d'enveloppe est dans {0} : seul DKIM compte."
    ),
    "dmarc_alignment_unknown": "Impossible de savoir si SPF avec {0} peut compter pour DMARC.",
}
