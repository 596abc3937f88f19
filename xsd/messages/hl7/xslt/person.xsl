<?xml version="1.0" encoding="UTF-8"?>
<!-- Draws a person from a registration of a resident or a visit card, in either dialect. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3"
                xmlns="urn:changbai:canonical:1" exclude-result-prefixes="h">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/*">
    <request>
      <xsl:apply-templates select="h:controlActProcess/h:queryByParameter | h:controlActProcess/h:subject/h:registrationRequest"/>
    </request>
  </xsl:template>

  <xsl:template match="h:registrationRequest">
    <xsl:variable name="patient" select="h:subject1/h:patient"/>
    <xsl:variable name="ids" select="$patient/h:id/h:item | $patient/h:id[@extension]"/>
    <patientId>
      <xsl:value-of select="$ids[@root = '2.16.156.10011.2.5.1.4' or @root = '2.16.156.10011.0.2.2' or not(@root)]/@extension"/>
    </patientId>
    <cardNumber><xsl:value-of select="$ids[@root = '2.16.156.10011.2.5.1.6']/@extension"/></cardNumber>
    <status><xsl:value-of select="$patient/h:statusCode/@code"/></status>
    <registered>
      <xsl:value-of select="$patient/h:effectiveTime/*/@value | $patient/h:effectiveTime/@value"/>
    </registered>
    <xsl:apply-templates select="$patient/h:patientPerson"/>
    <institutionCode>
      <xsl:value-of select="$patient/h:providerOrganization/h:id/h:item/@extension | $patient/h:providerOrganization/h:id/@extension"/>
    </institutionCode>
    <institutionName><xsl:apply-templates select="$patient/h:providerOrganization/h:name" mode="text"/></institutionName>
    <xsl:variable name="insurance" select="$patient/h:coveredPartyOf/h:coverageRecord/h:beneficiary/h:beneficiary/h:code"/>
    <insurance><xsl:value-of select="$insurance/@code"/></insurance>
    <insuranceName><xsl:apply-templates select="$insurance" mode="display"/></insuranceName>
    <xsl:variable name="author" select="(h:author | h:author1)/h:assignedEntity"/>
    <authorId><xsl:value-of select="$author/h:id/h:item/@extension | $author/h:id/@extension"/></authorId>
    <authorName><xsl:apply-templates select="$author/h:assignedPerson/h:name" mode="text"/></authorName>
  </xsl:template>

  <xsl:template match="h:patientPerson">
    <xsl:variable name="ids" select="h:id/h:item | h:id[@extension]"/>
    <identity><xsl:value-of select="$ids[@root = '2.16.156.10011.1.3']/@extension"/></identity>
    <identityType><xsl:value-of select="h:idCategory/@code"/></identityType>
    <identityTypeName><xsl:apply-templates select="h:idCategory" mode="display"/></identityTypeName>
    <name><xsl:apply-templates select="h:name" mode="text"/></name>
    <phone><xsl:apply-templates select="h:telecom" mode="telecom"/></phone>
    <gender><xsl:value-of select="h:administrativeGenderCode/@code"/></gender>
    <genderName><xsl:apply-templates select="h:administrativeGenderCode" mode="display"/></genderName>
    <birth><xsl:value-of select="h:birthTime/@value"/></birth>
    <xsl:apply-templates select="h:addr"/>
    <marital><xsl:value-of select="h:maritalStatusCode/@code"/></marital>
    <maritalName><xsl:apply-templates select="h:maritalStatusCode" mode="display"/></maritalName>
    <ethnic><xsl:value-of select="h:ethnicGroupCode/h:item/@code | h:ethnicGroupCode/@code"/></ethnic>
    <ethnicName><xsl:apply-templates select="h:ethnicGroupCode" mode="display"/></ethnicName>
    <occupation><xsl:value-of select="h:asEmployee/h:occupationCode/@code"/></occupation>
    <occupationName><xsl:apply-templates select="h:asEmployee/h:occupationCode" mode="display"/></occupationName>
    <employer><xsl:apply-templates select="h:asEmployee/h:employerOrganization/h:name" mode="text"/></employer>
    <employerPhone>
      <xsl:apply-templates select="h:asEmployee/h:employerOrganization/h:contactParty/h:telecom" mode="telecom"/>
    </employerPhone>
    <xsl:variable name="others" select="h:asOtherIDs"/>
    <xsl:variable name="numbers" select="$others/h:id/h:item | $others/h:id[@extension]"/>
    <healthCard><xsl:value-of select="$numbers[@root = '2.16.156.10011.1.19']/@extension"/></healthCard>
    <healthCardIssuer>
      <xsl:apply-templates select="$others[.//@root = '2.16.156.10011.1.19'][1]/h:scopingOrganization[1]" mode="organization"/>
    </healthCardIssuer>
    <archiveNumber><xsl:value-of select="$numbers[@root = '2.16.156.10011.1.2']/@extension"/></archiveNumber>
    <archiveInstitution>
      <xsl:apply-templates select="$others[.//@root = '2.16.156.10011.1.2'][1]/h:scopingOrganization[last()]" mode="organization"/>
    </archiveInstitution>
    <contactRelation><xsl:value-of select="h:personalRelationship/h:code/@code"/></contactRelation>
    <contactRelationName><xsl:apply-templates select="h:personalRelationship/h:code" mode="display"/></contactRelationName>
    <contactPhone><xsl:apply-templates select="h:personalRelationship/h:telecom" mode="telecom"/></contactPhone>
    <contactName><xsl:apply-templates select="h:personalRelationship/h:relationshipHolder1/h:name" mode="text"/></contactName>
  </xsl:template>

  <!-- An address in parts told apart by @type, or in elements of its own. -->
  <xsl:template match="h:addr">
    <xsl:variable name="parts" select=".//h:part"/>
    <address><xsl:value-of select="$parts[@type = 'SAL']/@value | h:streetAddressLine"/></address>
    <addressProvince><xsl:value-of select="$parts[@type = 'STA']/@value | h:state"/></addressProvince>
    <addressCity><xsl:value-of select="$parts[@type = 'CTY']/@value | h:city"/></addressCity>
    <addressCounty><xsl:value-of select="$parts[@type = 'CNT']/@value | h:county"/></addressCounty>
    <addressTown><xsl:value-of select="$parts[@type = 'STB']/@value | h:streetNameBase"/></addressTown>
    <addressStreet><xsl:value-of select="$parts[@type = 'STR']/@value | h:streetName"/></addressStreet>
    <addressNumber><xsl:value-of select="$parts[@type = 'BNR']/@value | h:houseNumber"/></addressNumber>
    <postcode><xsl:value-of select="$parts[@type = 'ZIP']/@value | h:postalCode"/></postcode>
  </xsl:template>

  <xsl:template match="h:queryByParameter">
    <xsl:variable name="list" select="h:parameterList"/>
    <xsl:variable name="ids" select="$list/h:id | $list/h:livingSubjectId/h:value/h:item | $list/h:livingSubjectId/h:value[@extension]"/>
    <!-- The regional text lets the root of a patient's identifier away. -->
    <patientId>
      <xsl:value-of select="$ids[@root = '2.16.156.10011.2.5.1.4' or @root = '2.16.156.10011.0.2.2' or not(@root)]/@extension"/>
    </patientId>
    <cardNumber><xsl:value-of select="$ids[@root = '2.16.156.10011.2.5.1.6']/@extension"/></cardNumber>
    <!-- The text writes the root of identity numbers in two ways. -->
    <identity><xsl:value-of select="$ids[@root = '2.16.156.10011.1.3' or @root = '2.16.156.10011.2.2.1']/@extension"/></identity>
    <healthCard><xsl:value-of select="$ids[@root = '2.16.156.10011.1.19']/@extension"/></healthCard>
    <name><xsl:apply-templates select="$list/h:livingSubjectName/h:value" mode="text"/></name>
    <gender><xsl:value-of select="$list/h:livingSubjectAdministrativeGender/h:value/@code"/></gender>
    <birth><xsl:value-of select="$list/h:livingSubjectBirthTime/h:value/@value"/></birth>
    <match><xsl:value-of select="h:matchCriterionList/h:minimumDegreeMatch/h:value/@value"/></match>
    <limit><xsl:value-of select="h:initialQuantity/@value"/></limit>
  </xsl:template>

  <!-- Values that the two dialects write each in its own way. -->

  <xsl:template match="*" mode="text">
    <xsl:value-of select="h:item/h:part/@value | h:part/@value"/>
    <xsl:if test="not(*)"><xsl:value-of select="normalize-space(.)"/></xsl:if>
  </xsl:template>
  <xsl:template match="*" mode="telecom">
    <xsl:value-of select="h:item/@value | @value"/>
  </xsl:template>
  <xsl:template match="*" mode="display">
    <xsl:value-of select="h:displayName/@value | h:item/h:displayName/@value | @displayName"/>
  </xsl:template>
  <xsl:template match="*" mode="organization">
    <xsl:value-of select="h:id/h:item/@extension | h:id/@extension"/>
  </xsl:template>
</xsl:stylesheet>
