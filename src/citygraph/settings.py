"""The settings of graph.toml: each key with its kind, its default, and what it is for; docs/settings.md is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from citygraph.messages import Text
from citygraph.namespaces import BASE

__all__ = ["SETTINGS", "Setting"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of graph.toml: its place, the kind of value, the default, and what it is for."""

    key: str
    kind: str
    default: object
    about: Text


SETTINGS: Final = (
    Setting("title", "text", None, Text("Navnet på grafen", "The name of the graph")),
    Setting("base", "iri", BASE, Text(
        "Adressen som alle grafens egne navn begynner med; slutter på /",
        "The address that all names of the graph begin with; ends in /")),
    Setting("languages", "languages", ("nb", "en"), Text("Språkene navn skal finnes på", "Languages names are kept in")),
    Setting("licence", "iri", "http://publications.europa.eu/resource/authority/licence/CC_BY_4_0", Text(
        "Lisensen for dataene, som IRI", "The licence of the data, as an IRI")),
    Setting("as_of", "date", None, Text(
        "Referansedatoen; uten den brukes den seneste datoen i dataene",
        "The reference date; without it the latest date in the data is used")),
    Setting("reason.engine", "choice:columnar,duckdb,spark,owlrl", "columnar", Text(
        "Motoren som utleder; alle gir samme svar", "The engine that derives; all give the same answer")),
    Setting("reason.max_inferred", "integer", 50_000_000, Text(
        "Flere utledede påstander enn dette stanser kjøringen",
        "More derived statements than this stop the run")),
    Setting("reason.memory_limit", "text", "4GB", Text(
        "Minne for motoren duckdb", "Memory for the engine duckdb")),
    Setting("reason.spark_master", "text", "local[*]", Text(
        "Adressen til klyngen for motoren spark", "The address of the cluster for the engine spark")),
    Setting("reason.spark_folder", "text", "", Text(
        "Mappen for tabellene til motoren spark, som alle maskinene i klyngen må se; uten den en midlertidig mappe her",
        "The folder for the tables of the engine spark, which every machine of the cluster must see; "
        "without it a temporary one here")),
    Setting("time.stale_after", "duration", "P5Y", Text(
        "Hvor lenge en opplysning gjelder uten ny bekreftelse når rollen ikke sier noe annet",
        "How long a fact counts without a new confirmation when its role does not say")),
    Setting("time.lists_stale_after", "duration", "P1Y", Text(
        "Hvor lenge en erklæring om at en liste er fullstendig, gjelder",
        "How long a statement that a list is complete counts")),
    Setting("store.keep", "integer", 5, Text(
        "Hvor mange versjoner som blir liggende i build/", "How many versions stay in build/")),
    Setting("store.engine", "choice:embedded,remote", "embedded", Text(
        "Hvor grafen ligger når den er bygd: her, eller på en SPARQL 1.1-server",
        "Where the graph lies when it is built: here, or on a SPARQL 1.1 server")),
    Setting("store.endpoint", "address", "", Text(
        "Adressen der serveren tar imot spørringer", "The address where the server takes queries")),
    Setting("store.update", "address", "", Text(
        "Adressen der serveren tar imot endringer; uten den brukes store.endpoint",
        "The address where the server takes updates; without it store.endpoint is used")),
    Setting("store.graph_store", "address", "", Text(
        "Adressen der serveren tar imot hele grafer (Graph Store Protocol); uten den sendes de som endringer",
        "The address where the server takes whole graphs (Graph Store Protocol); without it they go as updates")),
    Setting("store.capabilities", "text", "", Text(
        "Filen der «citygraph doctor» har skrevet hva serveren kan; uten den prøves det som trengs",
        "The file in which 'citygraph doctor' wrote what the server can do; without it what is needed is tried")),
    Setting("store.reason", "choice:upstream", "upstream", Text(
        "Hvor det utledes: her, før grafen lastes til serveren",
        "Where deriving happens: here, before the graph is loaded on the server")),
    Setting("store.chunk", "integer", 100_000, Text(
        "Påstander i én forespørsel til serveren, på det meste", "Statements in one request to the server, at most")),
    Setting("store.timeout", "integer", 120, Text(
        "Sekunder serveren får bruke på én forespørsel under bygging",
        "Seconds the server may take for one request during a build")),
    Setting("sources.folder", "text", "sources", Text(
        "Mappen med kildedokumentene, om de er for hånden; den hører ikke hjemme i git",
        "The folder with the source documents, when they are at hand; it does not belong in git")),
    Setting("limits.timeout", "integer", 10, Text(
        "Sekunder et spørsmål får bruke", "Seconds a query may take")),
    Setting("limits.rows", "integer", 100_000, Text("Rader et svar får ha", "Rows an answer may have")),
    Setting("limits.query_size", "integer", 100_000, Text(
        "Tegn en spørring får ha", "Characters a query may have")),
    Setting("limits.query_depth", "integer", 200, Text(
        "Parenteser inni hverandre i en spørring", "Brackets inside each other in a query")),
    Setting("limits.query_patterns", "integer", 100, Text(
        "Mønstre en spørring får ha, og ledd i stiene",
        "Patterns a query may have, and steps in its paths")),
    Setting("limits.bytes", "integer", 100_000_000, Text(
        "Byte et svar over nettet får ha", "Bytes an answer over the web may have")),
    Setting("limits.memory", "integer", 1_000_000_000, Text(
        "Byte minne en spørring over nettet får bruke", "Bytes of memory a query over the web may use")),
    Setting("limits.file_size", "integer", 256_000_000, Text("Byte en fil får ha", "Bytes a file may have")),
    Setting("limits.file_depth", "integer", 200, Text(
        "Nivåer inni hverandre i en fil", "Levels inside each other in a file")),
    Setting("limits.snapshot", "integer", 100_000_000_000, Text(
        "Byte en versjon får ha for å bli hentet fra et speil", "Bytes a version may have to be pulled from a mirror")),
    Setting("serve.workers", "integer", 4, Text(
        "Prosesser som svarer på spørringer", "Processes that answer queries")),
    Setting("serve.per_client", "integer", 32, Text(
        "Spørringer én klient får ha i gang samtidig", "Queries one client may have going at once")),
    Setting("serve.queue", "integer", 256, Text(
        "Spørringer som får vente på en ledig prosess", "Queries that may wait for a free process")),
    Setting("serve.connections", "integer", 1_000, Text(
        "Forbindelser som får være åpne samtidig", "Connections that may be open at once")),
    Setting("serve.patience", "integer", 15, Text(
        "Sekunder en klient får bruke på å sende en forespørsel, eller på å ta imot en del av svaret",
        "Seconds a client may take to send a request, or to take a part of the answer")),
    Setting("serve.cache", "integer", 64_000_000, Text(
        "Byte minne for svar som er gitt før", "Bytes of memory for answers that were given before")),
    Setting("serve.fast", "boolean", True, Text(  # noqa: FBT003  # the value of a setting
        "Om svar som er gitt før, og oppslag på noen få mønstre, gis uten omveier; slått av går alle spørringer den vanlige veien",
        "Whether answers that were given before and lookups of a few patterns are given at once; off, every query goes the ordinary way")),
    Setting("serve.in_memory", "integer", 50_000, Text(
        "Påstander en versjon får ha for å holdes i minnet; en større leses fra disken",
        "Statements a version may have to be held in memory; a larger one is read from disk")),
    Setting("serve.trusted_proxies", "text", "127.0.0.1", Text(
        "Adressene til proxyene som forteller hvem klienten er, med komma mellom",
        "Addresses of the proxies that say who the client is, with commas between them")),
    Setting("serve.public_url", "address", "", Text(
        "Adressen som leserne når nettstedet på; uten den gjelder den de spurte med",
        "The address at which readers reach the site; without it the one they asked with counts")),
    Setting("serve.service_allowed", "addresses", (), Text(
        "Endepunkter som SERVICE får spørre; uten dem er SERVICE avslått",
        "Endpoints that SERVICE may ask; without them SERVICE is refused")),
    Setting("publisher.name", "words", "", Text(
        "Utgiveren, slik dataportalene skal vise den", "The publisher, as data portals shall show it")),
    Setting("publisher.identifier", "text", "", Text("Utgiverens organisasjonsnummer", "The publisher's organisation number")),
    Setting("publisher.iri", "address", "", Text(
        "Utgiverens adresse når den ikke følger av organisasjonsnummeret",
        "The publisher's address when it does not follow from the organisation number")),
    Setting("publisher.type", "text", "", Text(
        "Hva slags utgiver, som LocalAuthority, RegionalAuthority eller NonProfitOrganisation",
        "What kind of publisher, such as LocalAuthority, RegionalAuthority or NonProfitOrganisation")),
    Setting("publisher.homepage", "address", "", Text("Utgiverens nettside", "The publisher's web page")),
    Setting("contact.name", "words", "", Text("Hvem som svarer på spørsmål om dataene", "Who answers questions about the data")),
    Setting("contact.email", "text", "", Text("E-postadressen dit", "Their e-mail address")),
    Setting("contact.url", "address", "", Text("Nettsiden dit", "Their web page")),
    Setting("publish.site", "address", "", Text(
        "Adressen der den publiserte mappen ligger; slutter på /; uten den brukes base",
        "The address where the published folder lies; ends in /; without it base is used")),
    Setting("publish.service", "address", "", Text(
        "Adressen der «citygraph serve» svarer; slutter på /; uten den beskrives ingen tjeneste",
        "The address where 'citygraph serve' answers; ends in /; without it no service is described")),
    Setting("publish.description", "words", "", Text(
        "Hva grafen inneholder, i noen setninger", "What the graph holds, in a few sentences")),
    Setting("publish.keywords", "keywords", {}, Text("Søkeord på hvert språk", "Keywords in each language")),
    Setting("publish.themes", "texts", (), Text(
        "Temaer i EUs tabell data-theme, som GOVE og REGI", "Themes of the EU table data-theme, such as GOVE and REGI")),
    Setting("publish.los", "texts", (), Text(
        "Temaer i LOS, som kultur", "Themes of LOS, such as kultur")),
    Setting("publish.spatial", "texts", (), Text(
        "Stedet dataene gjelder, som IRI-er", "The place that the data are about, as IRIs")),
    Setting("publish.frequency", "text", "", Text(
        "Hvor ofte dataene endres, i EUs tabell frequency", "How often the data change, in the EU table frequency")),
    Setting("publish.availability", "text", "", Text(
        "Hvor lenge filene blir liggende: STABLE, AVAILABLE, EXPERIMENTAL eller TEMPORARY",
        "How long the files will be there: STABLE, AVAILABLE, EXPERIMENTAL or TEMPORARY")),
    Setting("publish.status", "text", "COMPLETED", Text(
        "Filenes status: COMPLETED, DEVELOP, DEPRECATED eller WITHDRAWN",
        "The status of the files: COMPLETED, DEVELOP, DEPRECATED or WITHDRAWN")),
    Setting("publish.access", "text", "PUBLIC", Text(
        "Hvem som får bruke dataene: PUBLIC, RESTRICTED eller NON_PUBLIC",
        "Who may use the data: PUBLIC, RESTRICTED or NON_PUBLIC")),
    Setting("publish.attribution", "words", "", Text(
        "Hva den som bruker dataene, skal oppgi; uten den utgiverens navn",
        "What those who use the data must name; without it the publisher's name")),
    Setting("publish.provenance", "words", "", Text("Hvor dataene kommer fra", "Where the data come from")),
    Setting("publish.issued", "date", None, Text(
        "Dagen dataene først ble publisert", "The day on which the data were first published")),
    Setting("publish.version", "text", "", Text(
        "Utgavens nummer; uten det datoen for siste endring", "The number of the edition; without it the day of the last change")),
    Setting("publish.query_datasets", "boolean", False, Text(  # noqa: FBT003  # the value of a setting
        "Om svaret på hvert lagret spørsmål er et datasett for seg i katalogen",
        "Whether the answer to each saved question is a dataset of its own in the catalogue")),
    Setting("publish.page_size", "integer", 100, Text(
        "Datasett på én side av katalogen; når den har flere, skrives den som sider",
        "Datasets on one page of the catalogue; one that has more is written as pages")),
    Setting("publish.internal", "texts", (), Text(
        "Filer som aldri publiseres, som data/internal/*.ttl", "Files that are never published, such as data/internal/*.ttl")),
    Setting("wikidata.contact", "text", "", Text(
        "Adressen Wikidata kan skrive til; uten den spørres ingen",
        "The address that Wikidata can write to; without it nobody is asked")),
    Setting("wikidata.api", "iri", "https://www.wikidata.org/w/api.php", Text(
        "MediaWiki-grensesnittet det søkes i", "The MediaWiki API that is searched")),
    Setting("wikidata.endpoint", "iri", "https://query.wikidata.org/sparql", Text(
        "SPARQL-tjenesten som finner koder", "The SPARQL service that finds codes")),
    Setting("wikidata.keep", "duration", "P7D", Text(
        "Hvor lenge svar fra Wikidata gjenbrukes", "How long answers of Wikidata are used again")),
    Setting("federation.endpoints", "addresses", (), Text(
        "Endepunkter som lagrede spørsmål får spørre, utenom Wikidata",
        "Endpoints that saved questions may ask, besides Wikidata")),
    Setting("federation.extract", "text", "", Text(
        "Et utdrag av Wikidata som svarer på lagrede spørsmål i stedet for tjenesten",
        "An extract of Wikidata that answers saved questions in place of the service")),
    Setting("federation.batch", "integer", 100, Text(
        "Verdier i én forespørsel til en annen tjener", "Values in one request to another server")),
    Setting("federation.values", "integer", 2_000, Text(
        "Verdier et lagret spørsmål får spørre en annen tjener om i alt",
        "Values that a saved question may ask another server about in all")),
    Setting("federation.timeout", "integer", 60, Text(
        "Sekunder et lagret spørsmål får vente på en annen tjener", "Seconds a saved question may wait for another server")),
    Setting("serve.federation", "boolean", False, Text(  # noqa: FBT003  # the value of a setting
        "Om lagrede spørsmål får spørre andre tjenere også når de stilles i nettleseren",
        "Whether saved questions may ask other servers also when they are put in the browser")),
    Setting("reconcile.targets", "text", "", Text(
        "En CSV-fil med flere steder å koble regneark mot", "A CSV file of more places to match spreadsheets against")),
    Setting("reconcile.batch", "integer", 1_000, Text(
        "Spørsmål i en bunke til koblingstjenesten", "Queries in one batch to the reconciliation service")),
)  # fmt: skip
