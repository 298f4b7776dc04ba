"""Facts by meaning: which property belongs under which heading, and which ones a page shows in another way."""

from __future__ import annotations

from typing import Final

from citygraph.namespaces import expand

__all__ = ["GROUPS", "HIDDEN", "INCOMING_HIDDEN", "group_of"]

_GROUPS: Final = {
    "about": """
        skos:definition rdfs:comment skos:scopeNote skos:note dct:description skos:altLabel skos:notation
        org:classification schema:foundingDate schema:dissolutionDate foaf:homepage foaf:page cg:hasConstituency
        schema:startDate schema:endDate dct:date cg:dateNotBefore cg:dateNotAfter dct:language dct:format
        dct:publisher dct:creator dct:issued dct:license dct:accessRights dct:bibliographicCitation cg:staleAfter
        org:roleProperty skos:inScheme skos:broader skos:narrower schema:position cg:degree cg:exampleOf
        cg:firstOfKind schema:repeatFrequency schema:byMonth dct:type cg:sha256""",
    "aims": """
        cg:hasAim cg:forBenefitOf cg:concerns cg:promotes cg:usesMeans cg:worksThrough cg:membersWorkThrough
        cg:offersMembers cg:platformFor cg:putsOnAgenda cg:cutsAcross cg:connectsToEuPolicy cg:seeksInfluenceOn
        cg:seeksUrbanDimensionIn cg:contributesThrough cg:strategicFramework cg:expectedEffect
        cg:expectedEffectTowards""",
    "themes": "org:purpose cg:coversTheme cg:workingGroupsWithin dct:subject",
    "participation": """
        cg:participatesIn org:memberOf cg:associatedWith org:headOf cg:isRepresentedThrough cg:hasBeenAffiliatedWith
        cg:politicianIn cg:heldOfficeIn org:holds org:heldBy org:hasMember cg:hasParticipant cg:representedCountry
        cg:partnerOf cg:comesFrom cg:onBehalfOf cg:jointWith""",
    "structure": """
        org:unitOf org:hasUnit cg:highestBodyOf cg:meetingRule org:postIn org:subOrganizationOf
        org:resultedFrom org:changedBy org:originalOrganization org:resultingOrganization schema:organizer""",
    "place": """
        cg:seatedIn org:hasPrimarySite cg:administers cg:administeredBy schema:containedInPlace cg:inCountry
        cg:locatedIn dct:spatial schema:latitude schema:longitude geo:lat geo:long""",
    "links": "schema:sameAs skos:exactMatch skos:closeMatch skos:relatedMatch skos:broadMatch adms:identifier",
}

GROUPS: Final = (*_GROUPS, "other")
"""The headings, in the order of the page."""

_PLACES: Final = {
    expand(curie) or curie: (group, position)
    for group, curies in _GROUPS.items()
    for position, curie in enumerate(curies.split())
}


def _all(curies: str) -> frozenset[str]:
    return frozenset(expand(curie) or curie for curie in curies.split())


HIDDEN: Final = _all("""
    rdf:type skos:prefLabel foaf:name dct:title rdfs:label prov:wasDerivedFrom
    org:hasMembership cg:hasCurrentMembership cg:hasCurrentList org:hasSubOrganization
    org:transitiveSubOrganizationOf skos:broaderTransitive skos:narrowerTransitive
""")
"""What stands in the head of the page, in a table of its own, or is said twice by derivation."""

INCOMING_HIDDEN: Final = HIDDEN | _all("""
    org:member org:organization org:role cg:onBehalfOf schema:observationAbout schema:measuredProperty
    rdf:subject rdf:predicate rdf:object cg:listOf cg:listKind cg:hasSide cg:follows cg:locatedIn
    org:unitOf org:hasUnit org:subOrganizationOf skos:broader skos:narrower skos:inScheme
    cg:participatesIn cg:hasParticipant org:memberOf org:hasMember cg:administers cg:administeredBy
    cg:approximation cg:modality cg:rank cg:asOfBasis cg:completeness cg:listRole adms:identifier
    prov:wasAttributedTo prov:wasQuotedFrom oa:hasSource oa:hasSelector dct:type cg:representedCountry
    org:resultedFrom org:changedBy
""")
"""Statements that name a thing and that its page already tells from its own side."""


def group_of(predicate: str) -> tuple[int, int]:
    """The place of a property: its heading, and its place below the heading."""
    group, position = _PLACES.get(predicate, ("other", 0))
    return (GROUPS.index(group), position)
