<?xml version="1.0" encoding="UTF-8"?>
<!-- Draws an institution or department from its registration, in either dialect, and the conditions of its query. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3"
                xmlns="urn:changbai:canonical:1" exclude-result-prefixes="h">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/*">
    <request>
      <xsl:apply-templates select="h:controlActProcess/h:queryByParameterPayload | h:controlActProcess/h:subject/h:registrationRequest"/>
    </request>
  </xsl:template>

  <xsl:template match="h:registrationRequest">
    <xsl:variable name="entity" select="h:subject1/h:assignedEntity"/>
    <xsl:variable name="parent" select="$entity/h:assignedPrincipalOrganization/h:asAffiliate/h:scoper2"/>
    <xsl:variable name="author" select="h:author/h:assignedEntity"/>
    <!-- The hospital's text hangs the author's institution below author, the regional one below assignedEntity. -->
    <xsl:variable name="represented" select="h:author/h:representedOrganization | $author/h:representedOrganization"/>
    <code><xsl:apply-templates select="$entity" mode="id"/></code>
    <xsl:variable name="name" select="$entity/h:assignedPrincipalOrganization/h:name"/>
    <name><xsl:apply-templates select="$name | $entity[not($name)]/h:name" mode="text"/></name>
    <role><xsl:apply-templates select="$entity/h:name" mode="text"/></role>
    <kind><xsl:value-of select="$entity/h:code/@code"/></kind>
    <kindName><xsl:value-of select="$entity/h:code/h:displayName/@value | $entity/h:code/@displayName"/></kindName>
    <address>
      <xsl:value-of select="$entity/h:addr/h:item/h:part/@value"/>
      <xsl:if test="not($entity/h:addr/*)"><xsl:value-of select="normalize-space($entity/h:addr)"/></xsl:if>
    </address>
    <phone>
      <xsl:value-of select="$entity/h:telecom/h:item/@value | $entity/h:telecom/@value | $entity/h:telecom[not(*) and not(@value)]"/>
    </phone>
    <status><xsl:value-of select="$entity/h:statusCode/@code"/></status>
    <effective><xsl:value-of select="$entity/h:effectiveTime/h:low/@value"/></effective>
    <effectiveUntil><xsl:value-of select="$entity/h:effectiveTime/h:high/@value"/></effectiveUntil>
    <parent><xsl:apply-templates select="$parent" mode="id"/></parent>
    <parentName><xsl:apply-templates select="$parent/h:name" mode="text"/></parentName>
    <institutionCode><xsl:apply-templates select="$represented" mode="id"/></institutionCode>
    <institutionName><xsl:apply-templates select="$represented/h:name" mode="text"/></institutionName>
    <contactName><xsl:apply-templates select="$represented/h:contactParty/h:contactPerson/h:name" mode="text"/></contactName>
    <authorId><xsl:apply-templates select="$author" mode="id"/></authorId>
    <authorName><xsl:apply-templates select="$author/h:assignedPerson/h:name" mode="text"/></authorName>
  </xsl:template>

  <xsl:template match="h:queryByParameterPayload">
    <code><xsl:value-of select="h:organizationID/h:value/@extension"/></code>
    <name><xsl:apply-templates select="h:organizationName/h:value" mode="text"/></name>
    <!-- "active" is what the text always asks for, and what every answer is. -->
    <status><xsl:value-of select="h:status/h:value[@code != 'active']/@code"/></status>
  </xsl:template>

  <xsl:template match="*" mode="id">
    <xsl:value-of select="h:id/h:item/@extension | h:id/@extension"/>
  </xsl:template>

  <!-- The text writes an author's name as @extension in one place. -->
  <xsl:template match="*" mode="text">
    <xsl:value-of select="h:item/h:part/@value | h:item/h:part/@extension | h:part/@value | h:item/@value"/>
    <xsl:if test="not(*)"><xsl:value-of select="normalize-space(.)"/></xsl:if>
  </xsl:template>
</xsl:stylesheet>
