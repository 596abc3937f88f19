<?xml version="1.0" encoding="UTF-8"?>
<!-- Answers with institutions and departments in the caller's dialect. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                xmlns="urn:hl7-org:v3" exclude-result-prefixes="c">
  <xsl:output encoding="UTF-8"/>
  <xsl:variable name="regional" select="/c:answer/@dialect = 'regional'"/>

  <xsl:template match="/c:answer">
    <controlActProcess>
      <xsl:apply-templates select="c:item"/>
    </controlActProcess>
  </xsl:template>

  <xsl:template match="c:item">
    <subject>
      <registrationRequest>
        <xsl:if test="$regional"><statusCode code="active"/></xsl:if>
        <subject1>
          <assignedEntity>
            <xsl:apply-templates select="c:code" mode="id"/>
            <xsl:if test="string(c:kind)">
              <code code="{c:kind}" codeSystem="2.16.156.10011.2.3.2.62" codeSystemName="医疗卫生机构业务科室分类与代码表">
                <xsl:choose>
                  <xsl:when test="not(string(c:kindName))"/>
                  <xsl:when test="$regional"><xsl:attribute name="displayName"><xsl:value-of select="c:kindName"/></xsl:attribute></xsl:when>
                  <xsl:otherwise><displayName value="{c:kindName}"/></xsl:otherwise>
                </xsl:choose>
              </code>
            </xsl:if>
            <xsl:apply-templates select="c:role" mode="name"/>
            <xsl:apply-templates select="c:address" mode="name">
              <xsl:with-param name="element" select="'addr'"/>
            </xsl:apply-templates>
            <xsl:if test="string(c:phone)">
              <xsl:choose>
                <xsl:when test="$regional"><telecom value="{c:phone}"/></xsl:when>
                <xsl:otherwise><telecom><item value="{c:phone}"/></telecom></xsl:otherwise>
              </xsl:choose>
            </xsl:if>
            <xsl:if test="$regional and string(c:status)"><statusCode code="{c:status}"/></xsl:if>
            <xsl:if test="string(c:effective) or string(c:effectiveUntil)">
              <effectiveTime>
                <xsl:if test="string(c:effective)"><low value="{c:effective}"/></xsl:if>
                <xsl:if test="string(c:effectiveUntil)"><high value="{c:effectiveUntil}"/></xsl:if>
              </effectiveTime>
            </xsl:if>
            <assignedPrincipalOrganization>
              <xsl:apply-templates select="c:name" mode="name"/>
              <xsl:if test="string(c:parent)">
                <asAffiliate>
                  <scoper2>
                    <xsl:apply-templates select="c:parent" mode="id"/>
                    <xsl:apply-templates select="c:parentName" mode="name"/>
                  </scoper2>
                </asAffiliate>
              </xsl:if>
            </assignedPrincipalOrganization>
          </assignedEntity>
        </subject1>
        <xsl:if test="string(c:authorId) or string(c:institutionCode)">
          <author>
            <assignedEntity>
              <xsl:apply-templates select="c:authorId" mode="id">
                <xsl:with-param name="root" select="'2.16.156.10011.1.4'"/>
              </xsl:apply-templates>
              <xsl:if test="string(c:authorName)">
                <assignedPerson>
                  <xsl:choose>
                    <xsl:when test="$regional"><name><xsl:value-of select="c:authorName"/></name></xsl:when>
                    <xsl:otherwise><name><item><part extension="{c:authorName}"/></item></name></xsl:otherwise>
                  </xsl:choose>
                </assignedPerson>
              </xsl:if>
              <xsl:if test="$regional"><xsl:call-template name="represented"/></xsl:if>
            </assignedEntity>
            <xsl:if test="not($regional)"><xsl:call-template name="represented"/></xsl:if>
          </author>
        </xsl:if>
      </registrationRequest>
    </subject>
  </xsl:template>

  <xsl:template name="represented">
    <xsl:if test="string(c:institutionCode)">
      <representedOrganization>
        <xsl:apply-templates select="c:institutionCode" mode="id"/>
        <xsl:apply-templates select="c:institutionName" mode="name"/>
        <xsl:if test="string(c:contactName)">
          <contactParty>
            <contactPerson><xsl:apply-templates select="c:contactName" mode="name"/></contactPerson>
          </contactParty>
        </xsl:if>
      </representedOrganization>
    </xsl:if>
  </xsl:template>

  <xsl:template match="*[not(string(.))]" mode="id" priority="2"/>
  <xsl:template match="*" mode="id">
    <xsl:param name="root" select="'2.16.156.10011.1.26'"/>
    <xsl:choose>
      <xsl:when test="$regional"><id root="{$root}" extension="{.}"/></xsl:when>
      <xsl:otherwise><id><item root="{$root}" extension="{.}"/></id></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template match="*[not(string(.))]" mode="name" priority="2"/>
  <xsl:template match="*" mode="name">
    <xsl:param name="element" select="'name'"/>
    <xsl:element name="{$element}">
      <xsl:choose>
        <xsl:when test="$regional"><xsl:value-of select="."/></xsl:when>
        <xsl:otherwise><item><part value="{.}"/></item></xsl:otherwise>
      </xsl:choose>
    </xsl:element>
  </xsl:template>
</xsl:stylesheet>
