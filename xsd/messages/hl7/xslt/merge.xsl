<?xml version="1.0" encoding="UTF-8"?>
<!-- Draws which registration lives on and which one it replaces, in either dialect. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3"
                xmlns="urn:changbai:canonical:1" exclude-result-prefixes="h">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/*">
    <request>
      <xsl:apply-templates select="h:controlActProcess/h:subject/h:registrationEvent"/>
    </request>
  </xsl:template>

  <xsl:template match="h:registrationEvent">
    <xsl:variable name="patient" select="h:subject1/h:patient"/>
    <!-- The hospital's text hangs both below subject1, the regional one below registrationEvent. -->
    <xsl:variable name="prior" select="(h:subject1/h:replacementOf | h:replacementOf)/h:priorRegistration"/>
    <xsl:variable name="author" select="(h:subject1/h:custodian | h:custodian)/h:assignedEntity"/>
    <survivorId><xsl:value-of select="$patient/h:id/h:item/@extension | $patient/h:id/@extension"/></survivorId>
    <obsoleteId>
      <xsl:value-of select="$prior/h:subject1/h:priorRegisteredRole/h:id/h:item/@extension
                            | $prior/h:subject1/h:priorRegisteredRole/h:id/@extension"/>
    </obsoleteId>
    <identity>
      <xsl:value-of select="$patient/h:patientPerson/h:id/h:item/@extension | $patient/h:patientPerson/h:id/@extension"/>
    </identity>
    <name><xsl:apply-templates select="$patient/h:patientPerson/h:name" mode="text"/></name>
    <authorId><xsl:value-of select="$author/h:id/h:item/@extension | $author/h:id/@extension"/></authorId>
    <authorName><xsl:apply-templates select="$author/h:assignedPerson/h:name" mode="text"/></authorName>
  </xsl:template>

  <xsl:template match="*" mode="text">
    <xsl:value-of select="h:item/h:part/@value"/>
    <xsl:if test="not(*)"><xsl:value-of select="normalize-space(.)"/></xsl:if>
  </xsl:template>
</xsl:stylesheet>
