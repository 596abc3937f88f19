<?xml version="1.0" encoding="UTF-8"?>
<!-- Answers with discharges as they came in, each with the hospital that reported it. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                xmlns:h="urn:hl7-org:v3" xmlns="urn:hl7-org:v3" exclude-result-prefixes="c h">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/c:answer">
    <controlActProcess>
      <xsl:apply-templates select="c:item/c:body/h:subject"/>
    </controlActProcess>
  </xsl:template>

  <xsl:template match="@* | node()">
    <xsl:copy><xsl:apply-templates select="@* | node()"/></xsl:copy>
  </xsl:template>

  <xsl:template match="h:encounterEvent/h:subject">
    <xsl:copy-of select="."/>
    <xsl:variable name="institution" select="ancestor::c:item/c:institutionCode"/>
    <xsl:if test="string($institution) and not(../h:responsibleParty)">
      <responsibleParty>
        <assignedOrganization><id><item root="2.16.156.10011.1.5" extension="{$institution}"/></id></assignedOrganization>
      </responsibleParty>
    </xsl:if>
  </xsl:template>
</xsl:stylesheet>
