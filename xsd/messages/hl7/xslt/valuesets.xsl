<?xml version="1.0" encoding="UTF-8"?>
<!-- Answers with value sets and their items. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                xmlns="urn:hl7-org:v3" exclude-result-prefixes="c">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/c:answer">
    <controlActProcess>
      <xsl:if test="c:item">
        <subject>
          <registrationRequest>
            <xsl:apply-templates select="c:item"/>
          </registrationRequest>
        </subject>
      </xsl:if>
    </controlActProcess>
  </xsl:template>

  <xsl:template match="c:item">
    <subject1>
      <valueSet>
        <id extension="{c:valueSet}"/>
        <desc value="{c:valueSetName}"/>
        <xsl:apply-templates select="c:status"/>
        <xsl:if test="string(c:version)">
          <version code="{c:version}">
            <xsl:if test="string(c:versionName)"><displayName value="{c:versionName}"/></xsl:if>
          </version>
        </xsl:if>
        <xsl:for-each select="c:entries">
          <valueSetItems>
            <code code="{c:code}"><displayName value="{c:name}"/></code>
            <xsl:apply-templates select="c:status"/>
          </valueSetItems>
        </xsl:for-each>
      </valueSet>
    </subject1>
  </xsl:template>

  <xsl:template match="c:status">
    <xsl:if test="string(.)"><statusCode code="{.}"/></xsl:if>
  </xsl:template>
</xsl:stylesheet>
