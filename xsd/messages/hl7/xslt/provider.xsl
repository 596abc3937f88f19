<?xml version="1.0" encoding="UTF-8"?>
<!-- Draws a member of the staff from a registration, in either dialect, and the conditions of a query. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3"
                xmlns="urn:changbai:canonical:1" exclude-result-prefixes="h">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/*">
    <request>
      <xsl:apply-templates select="h:controlActProcess/h:queryByParameterPayload | h:controlActProcess/h:subject/h:registrationRequest"/>
    </request>
  </xsl:template>

  <xsl:template match="h:registrationRequest">
    <xsl:variable name="provider" select="h:subject1/h:healthCareProvider"/>
    <xsl:variable name="person" select="$provider/h:healthCarePrincipalPerson"/>
    <xsl:variable name="gender" select="$person/h:administrativeGenderCode"/>
    <xsl:variable name="department" select="$person/h:asAffiliate/h:affiliatedPrincipalOrganization"/>
    <xsl:variable name="author" select="h:author/h:assignedEntity"/>
    <staffId><xsl:apply-templates select="$provider" mode="id"/></staffId>
    <identity><xsl:apply-templates select="$person" mode="id"/></identity>
    <identityType><xsl:value-of select="$person/h:idCategory/@code"/></identityType>
    <identityTypeName><xsl:value-of select="$person/h:idCategory/h:displayName/@value"/></identityTypeName>
    <name><xsl:apply-templates select="$person/h:name" mode="text"/></name>
    <gender><xsl:value-of select="$gender/@code"/></gender>
    <!-- The text writes the name of this code as @code. -->
    <genderName>
      <xsl:value-of select="$gender/h:displayName/@value | $gender/h:displayName[not(@value)]/@code | $gender/@displayName"/>
    </genderName>
    <birth><xsl:value-of select="$person/h:birthTime/@value"/></birth>
    <birthplace><xsl:value-of select="$person/h:birthplace/@value | $person/h:birthplace/h:addr"/></birthplace>
    <phone><xsl:value-of select="$provider/h:telecom/@value"/></phone>
    <title><xsl:value-of select="$provider/h:code/@code"/></title>
    <titleName><xsl:value-of select="$provider/h:code/h:displayName/@value | $provider/h:code/@displayName"/></titleName>
    <status><xsl:value-of select="$provider/h:statusCode/@code"/></status>
    <effective><xsl:value-of select="$provider/h:effectiveTime/h:low/@value"/></effective>
    <effectiveUntil><xsl:value-of select="$provider/h:effectiveTime/h:high/@value"/></effectiveUntil>
    <department><xsl:apply-templates select="$department" mode="id"/></department>
    <departmentName><xsl:apply-templates select="$department/h:name" mode="text"/></departmentName>
    <institutionCode><xsl:apply-templates select="$author/h:representedOrganization" mode="id"/></institutionCode>
    <institutionName><xsl:apply-templates select="$author/h:representedOrganization/h:name" mode="text"/></institutionName>
    <contactName>
      <xsl:apply-templates select="$author/h:representedOrganization/h:contactParty/h:contactPerson/h:name" mode="text"/>
    </contactName>
    <authorId><xsl:apply-templates select="$author" mode="id"/></authorId>
    <authorName><xsl:apply-templates select="$author/h:assignedPerson/h:name" mode="text"/></authorName>
  </xsl:template>

  <xsl:template match="h:queryByParameterPayload">
    <staffId><xsl:value-of select="h:providerID/h:value[@root = '2.16.156.10011.1.4']/@extension"/></staffId>
    <identity><xsl:value-of select="h:providerID/h:value[@root = '2.16.156.10011.1.3']/@extension"/></identity>
    <name><xsl:apply-templates select="h:providerName/h:value" mode="text"/></name>
    <gender><xsl:value-of select="h:administrativeGender/h:value/@code"/></gender>
    <birth><xsl:value-of select="h:dOB/h:value/@value"/></birth>
    <birthSince><xsl:value-of select="h:dOB/h:value/h:low/@value"/></birthSince>
    <birthUntil><xsl:value-of select="h:dOB/h:value/h:high/@value"/></birthUntil>
  </xsl:template>

  <xsl:template match="*" mode="id">
    <xsl:value-of select="h:id/h:item/@extension | h:id/@extension"/>
  </xsl:template>

  <xsl:template match="*" mode="text">
    <xsl:value-of select="h:item/h:part/@value | h:item/@value | h:part/@value"/>
    <xsl:if test="not(*)"><xsl:value-of select="normalize-space(.)"/></xsl:if>
  </xsl:template>
</xsl:stylesheet>
