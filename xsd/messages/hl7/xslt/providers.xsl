<?xml version="1.0" encoding="UTF-8"?>
<!-- Answers with members of the staff in the caller's dialect. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                xmlns="urn:hl7-org:v3" exclude-result-prefixes="c">
  <xsl:output encoding="UTF-8"/>
  <xsl:variable name="regional" select="/c:answer/@dialect = 'regional'"/>
  <xsl:variable name="registration">
    <xsl:choose>
      <xsl:when test="$regional">registrationEvent</xsl:when>
      <xsl:otherwise>registrationRequest</xsl:otherwise>
    </xsl:choose>
  </xsl:variable>

  <xsl:template match="/c:answer">
    <controlActProcess>
      <xsl:apply-templates select="c:item"/>
    </controlActProcess>
  </xsl:template>

  <xsl:template match="c:item">
    <subject>
      <xsl:element name="{$registration}">
        <xsl:if test="$regional"><statusCode code="active"/></xsl:if>
        <subject1>
          <healthCareProvider>
            <!-- Here the hospital's text too writes the identifier without an item. -->
            <id root="2.16.156.10011.1.4" extension="{c:staffId}"/>
            <xsl:call-template name="code">
              <xsl:with-param name="code" select="c:title"/>
              <xsl:with-param name="system" select="'2.16.156.10011.2.3.3.10'"/>
              <xsl:with-param name="system-name" select="'专业技术职务代码（ GB/T 8561-1988）'"/>
              <xsl:with-param name="display" select="c:titleName"/>
            </xsl:call-template>
            <xsl:if test="$regional and string(c:phone)"><telecom value="{c:phone}"/></xsl:if>
            <xsl:if test="$regional and string(c:status)"><statusCode code="{c:status}"/></xsl:if>
            <xsl:if test="string(c:effective) or string(c:effectiveUntil)">
              <effectiveTime>
                <xsl:if test="string(c:effective)"><low value="{c:effective}"/></xsl:if>
                <xsl:if test="string(c:effectiveUntil)"><high value="{c:effectiveUntil}"/></xsl:if>
              </effectiveTime>
            </xsl:if>
            <healthCarePrincipalPerson>
              <xsl:apply-templates select="c:identity" mode="id">
                <xsl:with-param name="root" select="'2.16.156.10011.1.3'"/>
              </xsl:apply-templates>
              <xsl:if test="not($regional) and string(c:identityType)">
                <idCategory code="{c:identityType}">
                  <xsl:if test="string(c:identityTypeName)"><displayName value="{c:identityTypeName}"/></xsl:if>
                </idCategory>
              </xsl:if>
              <xsl:apply-templates select="c:name" mode="name"/>
              <xsl:call-template name="code">
                <xsl:with-param name="element" select="'administrativeGenderCode'"/>
                <xsl:with-param name="code" select="c:gender"/>
                <xsl:with-param name="system" select="'2.16.156.10011.2.3.3.4'"/>
                <xsl:with-param name="system-name" select="'生理性别代码表（GB/T 2261.1）'"/>
                <xsl:with-param name="display" select="c:genderName"/>
              </xsl:call-template>
              <xsl:if test="string(c:birth)"><birthTime value="{c:birth}"/></xsl:if>
              <xsl:if test="string(c:department)">
                <asAffiliate>
                  <affiliatedPrincipalOrganization>
                    <xsl:apply-templates select="c:department" mode="id"/>
                    <xsl:apply-templates select="c:departmentName" mode="name"/>
                  </affiliatedPrincipalOrganization>
                </asAffiliate>
              </xsl:if>
              <xsl:if test="string(c:birthplace)">
                <xsl:choose>
                  <xsl:when test="$regional"><birthplace><addr><xsl:value-of select="c:birthplace"/></addr></birthplace></xsl:when>
                  <xsl:otherwise><birthplace value="{c:birthplace}"/></xsl:otherwise>
                </xsl:choose>
              </xsl:if>
            </healthCarePrincipalPerson>
          </healthCareProvider>
        </subject1>
        <xsl:if test="string(c:authorId)">
          <author>
            <assignedEntity>
              <xsl:apply-templates select="c:authorId" mode="id">
                <xsl:with-param name="root" select="'2.16.156.10011.1.4'"/>
              </xsl:apply-templates>
              <xsl:if test="string(c:authorName)">
                <assignedPerson><xsl:apply-templates select="c:authorName" mode="name"/></assignedPerson>
              </xsl:if>
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
            </assignedEntity>
          </author>
        </xsl:if>
      </xsl:element>
    </subject>
  </xsl:template>

  <xsl:template name="code">
    <xsl:param name="element" select="'code'"/>
    <xsl:param name="code"/>
    <xsl:param name="system"/>
    <xsl:param name="system-name"/>
    <xsl:param name="display"/>
    <xsl:if test="string($code)">
      <xsl:element name="{$element}">
        <xsl:attribute name="code"><xsl:value-of select="$code"/></xsl:attribute>
        <xsl:attribute name="codeSystem"><xsl:value-of select="$system"/></xsl:attribute>
        <xsl:attribute name="codeSystemName"><xsl:value-of select="$system-name"/></xsl:attribute>
        <xsl:choose>
          <xsl:when test="not(string($display))"/>
          <xsl:when test="$regional"><xsl:attribute name="displayName"><xsl:value-of select="$display"/></xsl:attribute></xsl:when>
          <xsl:otherwise><displayName value="{$display}"/></xsl:otherwise>
        </xsl:choose>
      </xsl:element>
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
    <name>
      <xsl:choose>
        <xsl:when test="$regional"><xsl:value-of select="."/></xsl:when>
        <xsl:otherwise><item><part value="{.}"/></item></xsl:otherwise>
      </xsl:choose>
    </name>
  </xsl:template>
</xsl:stylesheet>
