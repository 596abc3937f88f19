<?xml version="1.0" encoding="UTF-8"?>
<!-- Draws the entries of an encounter, order, request, appointment or status message, and the conditions of their queries. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3"
                xmlns="urn:changbai:canonical:1" exclude-result-prefixes="h">
  <xsl:output encoding="UTF-8"/>
  <xsl:param name="document-type"/>
  <!-- The sender: an entry that names no institution is its own. -->
  <xsl:param name="institution"/>

  <!-- Identifiers are told apart by their root alone: the same path stands for several of them. -->
  <xsl:variable name="patient" select="'2.16.156.10011.2.5.1.4'"/>
  <xsl:variable name="identity" select="'2.16.156.10011.1.3'"/>
  <xsl:variable name="times" select="'2.16.156.10011.2.5.1.8'"/>
  <xsl:variable name="visit" select="'2.16.156.10011.2.5.1.9'"/>
  <xsl:variable name="inpatient" select="'2.16.156.10011.1.12'"/>
  <xsl:variable name="form" select="'2.16.156.10011.1.24'"/>
  <xsl:variable name="specimen" select="'2.16.156.10011.1.14'"/>
  <xsl:variable name="department" select="'2.16.156.10011.1.26'"/>
  <xsl:variable name="organization" select="'2.16.156.10011.1.5'"/>
  <xsl:variable name="order" select="'2.16.156.10011.2.5.1.31'"/>
  <xsl:variable name="encounter-kinds" select="'2.16.156.10011.2.3.1.271'"/>

  <xsl:template match="/*">
    <request>
      <xsl:apply-templates select="h:controlActProcess/h:queryByParameter | h:controlActProcess[not(h:queryByParameter)]/h:subject"/>
    </request>
  </xsl:template>

  <!-- Writes: one entry for each subject, or for each component2 where these are what has a number. -->

  <xsl:template match="h:subject">
    <xsl:variable name="subject" select="."/>
    <xsl:variable name="parts" select="h:placerGroup/h:component2"/>
    <xsl:for-each select="$parts">
      <xsl:call-template name="entry">
        <xsl:with-param name="subject" select="$subject"/>
        <xsl:with-param name="part" select="."/>
      </xsl:call-template>
    </xsl:for-each>
    <xsl:if test="not($parts)">
      <xsl:call-template name="entry">
        <xsl:with-param name="subject" select="."/>
        <xsl:with-param name="part" select="*[1]"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:template name="entry">
    <xsl:param name="subject"/>
    <xsl:param name="part"/>
    <xsl:variable name="items" select="$subject//h:item"/>
    <xsl:variable name="forms" select="$part//*[@root = $form]"/>
    <xsl:variable name="inpatients" select="$items[@root = $inpatient]/@extension"/>
    <xsl:variable name="outpatients" select="$items[@root = '2.16.156.10011.1.11' or @root = '2.16.156.10011.1.10']/@extension"/>
    <entry>
      <number><xsl:apply-templates select="$part" mode="number"/></number>
      <status><xsl:apply-templates select="$part" mode="status"/></status>
      <statusName><xsl:apply-templates select="$part" mode="status-name"/></statusName>
      <at>
        <xsl:variable name="at"><xsl:apply-templates select="$part" mode="at"/></xsl:variable>
        <xsl:value-of select="normalize-space($at)"/>
        <xsl:if test="not(normalize-space($at))"><xsl:value-of select="/*/h:creationTime/@value"/></xsl:if>
      </at>
      <patientId><xsl:value-of select="$subject//*[@root = $patient]/@extension"/></patientId>
      <identity><xsl:value-of select="$subject//h:patientPerson/h:id/h:item[@root = $identity]/@extension"/></identity>
      <name><xsl:value-of select="$subject//h:patientPerson/h:name/h:item/h:part/@value"/></name>
      <gender><xsl:value-of select="$subject//h:patientPerson/h:administrativeGenderCode/@code"/></gender>
      <birth><xsl:value-of select="$subject//h:patientPerson/h:birthTime/@value"/></birth>
      <visit><xsl:value-of select="$items[@root = $visit]/@extension"/></visit>
      <visitTimes><xsl:value-of select="$items[@root = $times]/@extension"/></visitTimes>
      <visitNumber>
        <xsl:value-of select="$inpatients"/>
        <xsl:if test="not(string($inpatients))"><xsl:value-of select="$outpatients"/></xsl:if>
      </visitNumber>
      <form><xsl:value-of select="$forms/@extension | $forms[not(@extension)]/@value"/></form>
      <specimen><xsl:value-of select="$part//*[@root = $specimen]/@extension"/></specimen>
      <author><xsl:apply-templates select="$part" mode="author"/></author>
      <xsl:apply-templates select="$part" mode="said"/>
      <department><xsl:value-of select="$items[@root = $department]/@extension"/></department>
      <type>
        <xsl:value-of select="$subject//*[@codeSystem = $encounter-kinds]/@code"/>
        <!-- A transfer does not say it, and only inpatients are transferred. -->
        <xsl:if test="$part/h:location1">3</xsl:if>
      </type>
      <institutionCode>
        <xsl:value-of select="$items[@root = $organization]/@extension"/>
        <xsl:if test="not($items[@root = $organization]/@extension)"><xsl:value-of select="$institution"/></xsl:if>
      </institutionCode>
      <body>
        <xsl:apply-templates select="$subject" mode="only">
          <xsl:with-param name="part" select="$part"/>
        </xsl:apply-templates>
      </body>
    </entry>
  </xsl:template>

  <!-- The subject with this entry's own component2 and no other. -->

  <xsl:template match="@* | node()" mode="only">
    <xsl:param name="part"/>
    <xsl:copy>
      <xsl:apply-templates select="@* | node()" mode="only">
        <xsl:with-param name="part" select="$part"/>
      </xsl:apply-templates>
    </xsl:copy>
  </xsl:template>

  <xsl:template match="h:placerGroup/h:component2" mode="only">
    <xsl:param name="part"/>
    <xsl:if test="generate-id() = generate-id($part)">
      <xsl:copy-of select="."/>
    </xsl:if>
  </xsl:template>

  <!-- Numbers: what the sender itself calls the entry by. -->

  <xsl:template match="h:encounterEvent" mode="number">
    <xsl:variable name="numbers" select="h:id/h:item[@root != $times and @root != $visit]/@extension"/>
    <xsl:value-of select="$numbers"/>
    <xsl:if test="h:id/h:item[@root = $times]">
      <xsl:value-of select="concat('/', h:id/h:item[@root = $times]/@extension)"/>
    </xsl:if>
    <!-- One stay has several transfers: each is known by its time. -->
    <xsl:if test="h:location1">
      <xsl:value-of select="concat('@', h:location1/h:time/h:low/@value)"/>
    </xsl:if>
  </xsl:template>

  <xsl:template match="h:component2" mode="number">
    <xsl:variable name="orders" select="*/h:id[@root = $order] | *//h:id/h:item[@root = $order]"/>
    <xsl:variable name="ids" select="*/h:id/h:item | */h:id[@extension]"/>
    <xsl:choose>
      <xsl:when test="$orders"><xsl:value-of select="$orders/@extension"/></xsl:when>
      <xsl:otherwise><xsl:value-of select="$ids/@extension | $ids[not(@extension)]/@value"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template match="*" mode="number">
    <xsl:variable name="own" select="h:id/h:item/@extension | h:id/@extension"/>
    <xsl:variable name="referenced" select="h:referencedOrder/h:actOrder/h:id[@root = $form]/@extension"/>
    <xsl:choose>
      <xsl:when test="string($own)"><xsl:value-of select="$own"/></xsl:when>
      <xsl:when test="string($referenced)"><xsl:value-of select="$referenced"/></xsl:when>
      <xsl:otherwise>
        <xsl:variable name="at"><xsl:apply-templates select="." mode="at"/></xsl:variable>
        <xsl:value-of select="concat(.//h:item[@root = $patient]/@extension, '@', normalize-space($at))"/>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- States. -->

  <xsl:template match="h:encounterAppointment" mode="status">
    <xsl:value-of select="h:reusableDevice/h:assignedDevice/h:code/@code"/>
  </xsl:template>
  <xsl:template match="h:encounterAppointment" mode="status-name">
    <xsl:value-of select="h:reusableDevice/h:assignedDevice/h:code/h:displayName/@value"/>
  </xsl:template>
  <xsl:template match="h:component2" mode="status">
    <xsl:value-of select=".//h:component1/h:processStep/h:code/@code"/>
  </xsl:template>
  <xsl:template match="h:component2" mode="status-name">
    <xsl:value-of select=".//h:component1/h:processStep//h:displayName/@value"/>
  </xsl:template>
  <xsl:template match="h:observationReport" mode="status">
    <xsl:value-of select=".//h:specimenProcessStep/h:verifier/h:modeCode/@code"/>
  </xsl:template>
  <xsl:template match="h:observationReport" mode="status-name">
    <xsl:value-of select=".//h:specimenProcessStep/h:verifier/h:modeCode/h:displayName/@value"/>
  </xsl:template>
  <xsl:template match="h:observationRequest | h:procedureRequest" mode="status">
    <xsl:value-of select="h:statusCode/@code"/>
  </xsl:template>
  <xsl:template match="*" mode="status"/>
  <xsl:template match="*" mode="status-name"/>

  <!-- Who told the state of a specimen, by name, and why. -->

  <xsl:template match="*" mode="said"/>
  <xsl:template match="h:observationReport" mode="said">
    <xsl:variable name="name" select=".//h:specimenProcessStep/h:verifier/h:assignedEntity/h:assignedPerson/h:name/h:item/h:part/@value"/>
    <xsl:variable name="reason" select=".//h:specimenProcessStep/h:verifier/h:modeCode/h:originalText/@value"/>
    <xsl:if test="string($name)"><authorName><xsl:value-of select="$name"/></authorName></xsl:if>
    <xsl:if test="string($reason)"><reason><xsl:value-of select="$reason"/></reason></xsl:if>
  </xsl:template>

  <!-- Times. -->

  <xsl:template match="h:encounterEvent" mode="at">
    <xsl:value-of select="h:location1/h:time/h:low/@value"/>
    <xsl:if test="not(h:location1)"><xsl:value-of select="h:effectiveTime/*/@value"/></xsl:if>
  </xsl:template>
  <xsl:template match="h:encounterAppointment" mode="at">
    <xsl:call-template name="first">
      <xsl:with-param name="one" select="h:reusableDevice/h:time/h:low/@value"/>
      <xsl:with-param name="two" select="h:performer/h:time/h:low/@value"/>
      <xsl:with-param name="three" select="h:effectiveTime/h:low/@value"/>
    </xsl:call-template>
  </xsl:template>
  <xsl:template match="h:actAppointment" mode="at">
    <xsl:value-of select="(h:effectiveTime | h:effective)/*[self::h:low or self::h:any]/@value"/>
  </xsl:template>
  <xsl:template match="h:observationReport" mode="at">
    <xsl:value-of select=".//h:specimenProcessStep/h:verifier/h:time/@value"/>
  </xsl:template>
  <xsl:template match="h:component2" mode="at">
    <xsl:call-template name="first">
      <xsl:with-param name="one" select="*/h:performer/h:time/h:low/@value | ../h:transcriber/h:time/h:any/@value"/>
      <xsl:with-param name="two" select="h:substanceAdministrationRequest/h:effectiveTime/h:low/@value"/>
      <xsl:with-param name="three" select="../h:author/h:time/@value"/>
    </xsl:call-template>
  </xsl:template>
  <xsl:template match="*" mode="at">
    <xsl:call-template name="first">
      <xsl:with-param name="one" select="h:effectiveTime/h:low/@value"/>
      <xsl:with-param name="two" select="h:author/h:time/@value"/>
    </xsl:call-template>
  </xsl:template>

  <xsl:template name="first">
    <xsl:param name="one"/>
    <xsl:param name="two"/>
    <xsl:param name="three"/>
    <xsl:choose>
      <xsl:when test="string($one)"><xsl:value-of select="$one"/></xsl:when>
      <xsl:when test="string($two)"><xsl:value-of select="$two"/></xsl:when>
      <xsl:otherwise><xsl:value-of select="$three"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- Who did it. -->

  <xsl:template match="h:component2" mode="author">
    <xsl:value-of select="(../h:author | ../h:transcriber)/h:assignedEntity/h:id/h:item/@extension
                          | */h:performer/h:assignedEntity/h:id/h:item/@extension"/>
  </xsl:template>
  <xsl:template match="h:observationReport" mode="author">
    <xsl:value-of select=".//h:specimenProcessStep/h:verifier/h:assignedEntity/h:id/h:item/@extension"/>
  </xsl:template>
  <xsl:template match="*" mode="author">
    <xsl:value-of select="(h:author | h:admitter | h:discharger | h:performer)/*/h:id/h:item/@extension"/>
  </xsl:template>

  <!-- Queries. -->

  <xsl:template match="h:queryByParameter">
    <xsl:variable name="asked" select=". | h:queryByParameterPayload"/>
    <xsl:variable name="ids" select="$asked/*[self::h:careEventID or self::h:actId]/h:value/h:item"/>
    <xsl:variable name="patients" select="$asked/h:patientId/h:value/h:item"/>
    <xsl:variable name="outpatients" select="$ids[@root = '2.16.156.10011.1.11' or @root = '2.16.156.10011.1.10']/@extension"/>
    <xsl:variable name="others" select="$ids[@root = $inpatient or @root = '2.16.156.10011.1.11' or @root = '2.16.156.10011.1.10'
                                        or @root = $times or @root = $visit or @root = $specimen]"/>
    <xsl:variable name="low" select="$asked/*[self::h:effectiveTime or self::h:encounterTimeframe]/h:value/h:low/@value"/>
    <xsl:variable name="high" select="$asked/*[self::h:effectiveTime or self::h:encounterTimeframe]/h:value/h:high/@value"/>
    <!-- The texts call the low value the upper bound in some services: the earlier one is the beginning. -->
    <xsl:variable name="turned" select="number(substring(concat($low, '00000000000000'), 1, 14))
                                        &gt; number(substring(concat($high, '99999999999999'), 1, 14))"/>
    <number><xsl:value-of select="$ids[count(. | $others) != count($others)]/@extension"/></number>
    <patientId><xsl:value-of select="$patients[@root != $identity and @root != '2.16.156.10011.1.15']/@extension"/></patientId>
    <identity><xsl:value-of select="$patients[@root = $identity]/@extension"/></identity>
    <visit><xsl:value-of select="$ids[@root = $visit]/@extension"/></visit>
    <visitTimes><xsl:value-of select="$ids[@root = $times]/@extension"/></visitTimes>
    <!-- Status messages of the laboratory name no visit: beside a number of the request or specimen it narrows nothing. -->
    <xsl:if test="$document-type != 'S0064' or not($ids[@root = $form or @root = $specimen])">
      <visitNumber>
        <xsl:value-of select="$ids[@root = $inpatient]/@extension"/>
        <xsl:if test="not(string($ids[@root = $inpatient]/@extension))"><xsl:value-of select="$outpatients"/></xsl:if>
      </visitNumber>
    </xsl:if>
    <form><xsl:value-of select="$asked/h:actOrderId/h:value/h:item/@extension"/></form>
    <specimen><xsl:value-of select="$ids[@root = $specimen]/@extension"/></specimen>
    <!-- S0060 and S0064 ask for who placed the order, whom the status messages do not name. -->
    <xsl:if test="$document-type != 'S0060' and $document-type != 'S0064'">
      <author>
        <xsl:value-of select="$asked/*[self::h:authorId or self::h:dischargingPractitionerID]/h:value/h:item/@extension"/>
      </author>
    </xsl:if>
    <department><xsl:value-of select="$asked/h:patientLocationID/h:value/h:item[@root = $department]/@extension"/></department>
    <institutionCode><xsl:value-of select="$asked/h:responsibleOrganization/h:value/h:item/@extension"/></institutionCode>
    <!-- "active" is a fixed value of the texts, no state of an entry. -->
    <status>
      <xsl:value-of select="$asked/*[self::h:statusCodeParam or self::h:encounterStatus]/h:value/h:item[@code != 'active']/@code"/>
    </status>
    <type><xsl:value-of select="$asked/h:typeOfEncounter/h:value/h:item/@code"/></type>
    <xsl:choose>
      <xsl:when test="string($low) and string($high) and $turned">
        <since><xsl:value-of select="$high"/></since>
        <until><xsl:value-of select="$low"/></until>
      </xsl:when>
      <xsl:otherwise>
        <since><xsl:value-of select="$low"/></since>
        <until><xsl:value-of select="$high"/></until>
      </xsl:otherwise>
    </xsl:choose>
    <limit><xsl:value-of select="h:initialQuantity/@value"/></limit>
  </xsl:template>
</xsl:stylesheet>
