<?xml version="1.0" encoding="UTF-8"?>
<!-- Answers with residents or visit cards in the caller's dialect: what a query found, or whose registration was taken. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                xmlns="urn:hl7-org:v3" exclude-result-prefixes="c">
  <xsl:output encoding="UTF-8"/>
  <xsl:variable name="action" select="/c:answer/@action"/>
  <xsl:variable name="regional" select="/c:answer/@dialect = 'regional'"/>
  <xsl:variable name="cards" select="$action = 'S0017' or $action = 'S0018' or $action = 'S0019'"/>
  <!-- A card is answered as the request it came by, a resident as the event of the registration. -->
  <xsl:variable name="registration">
    <xsl:choose>
      <xsl:when test="$cards">registrationRequest</xsl:when>
      <xsl:otherwise>registrationEvent</xsl:otherwise>
    </xsl:choose>
  </xsl:variable>

  <xsl:template match="/c:answer">
    <controlActProcess>
      <xsl:apply-templates select="c:item"/>
    </controlActProcess>
  </xsl:template>

  <xsl:template match="c:item">
    <subject>
      <xsl:if test="$regional"><xsl:attribute name="typeCode">SUBJ</xsl:attribute></xsl:if>
      <xsl:element name="{$registration}">
        <xsl:if test="$regional">
          <xsl:attribute name="classCode">REG</xsl:attribute>
          <xsl:attribute name="moodCode">EVN</xsl:attribute>
        </xsl:if>
        <xsl:if test="not($cards)"><statusCode code="active"/></xsl:if>
        <subject1>
          <xsl:if test="$regional"><xsl:attribute name="typeCode">SBJ</xsl:attribute></xsl:if>
          <patient>
            <xsl:if test="$regional"><xsl:attribute name="classCode">PAT</xsl:attribute></xsl:if>
            <xsl:call-template name="patient"/>
          </patient>
        </subject1>
        <xsl:if test="string(c:authorId)">
          <xsl:choose>
            <xsl:when test="$cards"><author><xsl:call-template name="author"/></author></xsl:when>
            <xsl:otherwise>
              <custodian>
                <xsl:if test="$regional"><xsl:attribute name="typeCode">CST</xsl:attribute></xsl:if>
                <xsl:call-template name="author"/>
              </custodian>
            </xsl:otherwise>
          </xsl:choose>
        </xsl:if>
      </xsl:element>
      <xsl:if test="$cards and string(c:institutionCode)">
        <registrationEvent>
          <custodian>
            <assignedEntity>
              <id><item root="2.16.156.10011.1.5" extension="{c:institutionCode}"/></id>
              <xsl:if test="string(c:institutionName)">
                <assignedOrganization><xsl:apply-templates select="c:institutionName" mode="name"/></assignedOrganization>
              </xsl:if>
            </assignedEntity>
          </custodian>
        </registrationEvent>
      </xsl:if>
    </subject>
  </xsl:template>

  <xsl:template name="author">
    <assignedEntity>
      <xsl:if test="$regional"><xsl:attribute name="classCode">ASSIGNED</xsl:attribute></xsl:if>
      <xsl:call-template name="id">
        <xsl:with-param name="root" select="'2.16.156.10011.1.4'"/>
        <xsl:with-param name="regional-root" select="'2.16.156.10011.0.3.2'"/>
        <xsl:with-param name="extension" select="c:authorId"/>
      </xsl:call-template>
      <xsl:if test="string(c:authorName)">
        <assignedPerson>
          <xsl:call-template name="person-class"/>
          <xsl:apply-templates select="c:authorName" mode="name"/>
        </assignedPerson>
      </xsl:if>
    </assignedEntity>
  </xsl:template>

  <xsl:template name="patient">
    <xsl:choose>
      <xsl:when test="$cards">
        <id><item root="2.16.156.10011.2.5.1.6" extension="{c:cardNumber}"/></id>
        <statusCode code="{c:status}"/>
      </xsl:when>
      <xsl:otherwise>
        <xsl:call-template name="id">
          <xsl:with-param name="root" select="'2.16.156.10011.2.5.1.4'"/>
          <xsl:with-param name="regional-root" select="'2.16.156.10011.0.2.1'"/>
          <xsl:with-param name="extension" select="c:patientId"/>
        </xsl:call-template>
        <statusCode code="active"/>
      </xsl:otherwise>
    </xsl:choose>
    <xsl:if test="string(c:registered)">
      <effectiveTime>
        <xsl:choose>
          <xsl:when test="$regional"><xsl:attribute name="value"><xsl:value-of select="c:registered"/></xsl:attribute></xsl:when>
          <xsl:otherwise><low value="{c:registered}"/></xsl:otherwise>
        </xsl:choose>
      </effectiveTime>
    </xsl:if>
    <patientPerson>
      <xsl:call-template name="person-class"/>
      <xsl:call-template name="person"/>
    </patientPerson>
    <xsl:if test="string(c:institutionCode)">
      <providerOrganization>
        <xsl:call-template name="organization-class"/>
        <xsl:call-template name="id">
          <xsl:with-param name="root" select="'2.16.156.10011.1.5'"/>
          <xsl:with-param name="extension" select="c:institutionCode"/>
        </xsl:call-template>
        <xsl:apply-templates select="c:institutionName" mode="name"/>
        <xsl:if test="$regional"><contactParty classCode="CON"/></xsl:if>
      </providerOrganization>
    </xsl:if>
    <xsl:if test="string(c:match)">
      <subjectOf1>
        <xsl:if test="$regional"><xsl:attribute name="typeCode">SBJ</xsl:attribute></xsl:if>
        <queryMatchObservation>
          <xsl:if test="$regional">
            <xsl:attribute name="classCode">COND</xsl:attribute>
            <xsl:attribute name="moodCode">EVN</xsl:attribute>
          </xsl:if>
          <code code="IHE_PDQ"/>
          <value xsi:type="INT" value="{c:match}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>
        </queryMatchObservation>
      </subjectOf1>
    </xsl:if>
    <xsl:if test="string(c:insurance)">
      <coveredPartyOf>
        <xsl:if test="$regional"><xsl:attribute name="typeCode">COV</xsl:attribute></xsl:if>
        <coverageRecord>
          <xsl:if test="$regional">
            <xsl:attribute name="classCode">COV</xsl:attribute>
            <xsl:attribute name="moodCode">EVN</xsl:attribute>
          </xsl:if>
          <beneficiary>
            <xsl:if test="$regional"><xsl:attribute name="typeCode">BEN</xsl:attribute></xsl:if>
            <beneficiary>
              <xsl:if test="$regional"><xsl:attribute name="classCode">MBR</xsl:attribute></xsl:if>
              <xsl:call-template name="code">
                <xsl:with-param name="code" select="c:insurance"/>
                <xsl:with-param name="system" select="'2.16.156.10011.2.3.1.248'"/>
                <xsl:with-param name="system-name" select="'医疗保险类别代码'"/>
                <xsl:with-param name="display" select="c:insuranceName"/>
              </xsl:call-template>
            </beneficiary>
          </beneficiary>
        </coverageRecord>
      </coveredPartyOf>
    </xsl:if>
  </xsl:template>

  <xsl:template name="person">
    <xsl:call-template name="id">
      <xsl:with-param name="root" select="'2.16.156.10011.1.3'"/>
      <xsl:with-param name="extension" select="c:identity"/>
    </xsl:call-template>
    <xsl:if test="not($regional)">
      <xsl:call-template name="code">
        <xsl:with-param name="element" select="'idCategory'"/>
        <xsl:with-param name="code" select="c:identityType"/>
        <xsl:with-param name="display" select="c:identityTypeName"/>
      </xsl:call-template>
    </xsl:if>
    <xsl:apply-templates select="c:name" mode="name"/>
    <xsl:apply-templates select="c:phone" mode="telecom"/>
    <xsl:call-template name="code">
      <xsl:with-param name="element" select="'administrativeGenderCode'"/>
      <xsl:with-param name="code" select="c:gender"/>
      <xsl:with-param name="system" select="'2.16.156.10011.2.3.3.4'"/>
      <xsl:with-param name="system-name" select="'生理性别代码表(GB/T 2261.1)'"/>
      <xsl:with-param name="display" select="c:genderName"/>
    </xsl:call-template>
    <xsl:if test="string(c:birth)"><birthTime value="{c:birth}"/></xsl:if>
    <xsl:call-template name="address"/>
    <xsl:call-template name="code">
      <xsl:with-param name="element" select="'maritalStatusCode'"/>
      <xsl:with-param name="code" select="c:marital"/>
      <xsl:with-param name="system" select="'2.16.156.10011.2.3.3.5'"/>
      <xsl:with-param name="display" select="c:maritalName"/>
    </xsl:call-template>
    <xsl:if test="string(c:ethnic)">
      <xsl:choose>
        <xsl:when test="$regional">
          <ethnicGroupCode code="{c:ethnic}" codeSystem="2.16.156.10011.2.3.3.3" displayName="{c:ethnicName}"/>
        </xsl:when>
        <xsl:otherwise>
          <ethnicGroupCode>
            <item code="{c:ethnic}" codeSystem="2.16.156.10011.2.3.3.3">
              <xsl:if test="string(c:ethnicName)"><displayName value="{c:ethnicName}"/></xsl:if>
            </item>
          </ethnicGroupCode>
        </xsl:otherwise>
      </xsl:choose>
    </xsl:if>
    <xsl:if test="string(c:occupation) or string(c:employer)">
      <asEmployee>
        <xsl:if test="$regional"><xsl:attribute name="classCode">EMP</xsl:attribute></xsl:if>
        <xsl:call-template name="code">
          <xsl:with-param name="element" select="'occupationCode'"/>
          <xsl:with-param name="code" select="c:occupation"/>
          <xsl:with-param name="system" select="'2.16.156.10011.2.3.3.7'"/>
          <xsl:with-param name="display" select="c:occupationName"/>
        </xsl:call-template>
        <xsl:if test="string(c:employer)">
          <employerOrganization>
            <xsl:call-template name="organization-class"/>
            <xsl:apply-templates select="c:employer" mode="name"/>
            <xsl:if test="string(c:employerPhone)">
              <contactParty>
                <xsl:if test="$regional"><xsl:attribute name="classCode">CON</xsl:attribute></xsl:if>
                <xsl:apply-templates select="c:employerPhone" mode="telecom"/>
              </contactParty>
            </xsl:if>
          </employerOrganization>
        </xsl:if>
      </asEmployee>
    </xsl:if>
    <xsl:call-template name="other-id">
      <xsl:with-param name="root" select="'2.16.156.10011.1.19'"/>
      <xsl:with-param name="extension" select="c:healthCard"/>
      <xsl:with-param name="scope" select="c:healthCardIssuer"/>
    </xsl:call-template>
    <xsl:call-template name="other-id">
      <xsl:with-param name="root" select="'2.16.156.10011.1.2'"/>
      <xsl:with-param name="extension" select="c:archiveNumber"/>
      <xsl:with-param name="scope" select="c:archiveInstitution"/>
    </xsl:call-template>
    <xsl:if test="string(c:contactName) or string(c:contactPhone)">
      <personalRelationship>
        <xsl:call-template name="code">
          <xsl:with-param name="code" select="c:contactRelation"/>
          <xsl:with-param name="system" select="'2.16.156.10011.2.3.3.8'"/>
          <xsl:with-param name="display" select="c:contactRelationName"/>
        </xsl:call-template>
        <xsl:apply-templates select="c:contactPhone" mode="telecom"/>
        <xsl:if test="string(c:contactName)">
          <relationshipHolder1>
            <xsl:call-template name="person-class"/>
            <xsl:apply-templates select="c:contactName" mode="name"/>
          </relationshipHolder1>
        </xsl:if>
      </personalRelationship>
    </xsl:if>
  </xsl:template>

  <xsl:template name="address">
    <xsl:if test="string(c:address) or string(c:addressProvince) or string(c:addressCity) or string(c:addressCounty)
                  or string(c:addressTown) or string(c:addressStreet) or string(c:addressNumber) or string(c:postcode)">
      <addr>
        <xsl:choose>
          <xsl:when test="$regional">
            <xsl:attribute name="use">PUB</xsl:attribute>
            <xsl:if test="string(c:address)"><streetAddressLine partType="SAL"><xsl:value-of select="c:address"/></streetAddressLine></xsl:if>
            <xsl:if test="string(c:addressProvince)"><state><xsl:value-of select="c:addressProvince"/></state></xsl:if>
            <xsl:if test="string(c:addressCity)"><city><xsl:value-of select="c:addressCity"/></city></xsl:if>
            <xsl:if test="string(c:addressCounty)"><county><xsl:value-of select="c:addressCounty"/></county></xsl:if>
            <xsl:if test="string(c:addressTown)"><streetNameBase><xsl:value-of select="c:addressTown"/></streetNameBase></xsl:if>
            <xsl:if test="string(c:addressStreet)"><streetName><xsl:value-of select="c:addressStreet"/></streetName></xsl:if>
            <xsl:if test="string(c:addressNumber)"><houseNumber><xsl:value-of select="c:addressNumber"/></houseNumber></xsl:if>
            <xsl:if test="string(c:postcode)"><postalCode><xsl:value-of select="c:postcode"/></postalCode></xsl:if>
          </xsl:when>
          <xsl:otherwise>
            <item>
              <xsl:if test="string(c:address)"><part value="{c:address}" type="SAL"/></xsl:if>
              <xsl:if test="string(c:addressProvince)"><part value="{c:addressProvince}" type="STA"/></xsl:if>
              <xsl:if test="string(c:addressCity)"><part value="{c:addressCity}" type="CTY"/></xsl:if>
              <xsl:if test="string(c:addressCounty)"><part value="{c:addressCounty}" type="CNT"/></xsl:if>
              <xsl:if test="string(c:addressTown)"><part value="{c:addressTown}" type="STB"/></xsl:if>
              <xsl:if test="string(c:addressStreet)"><part value="{c:addressStreet}" type="STR"/></xsl:if>
              <xsl:if test="string(c:addressNumber)"><part value="{c:addressNumber}" type="BNR"/></xsl:if>
              <xsl:if test="string(c:postcode)"><part value="{c:postcode}" type="ZIP"/></xsl:if>
            </item>
          </xsl:otherwise>
        </xsl:choose>
      </addr>
    </xsl:if>
  </xsl:template>

  <xsl:template name="other-id">
    <xsl:param name="root"/>
    <xsl:param name="extension"/>
    <xsl:param name="scope"/>
    <xsl:if test="string($extension)">
      <asOtherIDs>
        <xsl:if test="$regional"><xsl:attribute name="classCode">PAT</xsl:attribute></xsl:if>
        <xsl:call-template name="id">
          <xsl:with-param name="root" select="$root"/>
          <xsl:with-param name="extension" select="$extension"/>
        </xsl:call-template>
        <xsl:if test="string($scope)">
          <scopingOrganization>
            <xsl:call-template name="organization-class"/>
            <xsl:call-template name="id">
              <xsl:with-param name="root" select="'2.16.156.10011.1.5'"/>
              <xsl:with-param name="extension" select="$scope"/>
            </xsl:call-template>
          </scopingOrganization>
        </xsl:if>
      </asOtherIDs>
    </xsl:if>
  </xsl:template>

  <!-- Values that the two dialects write each in its own way. -->

  <xsl:template name="id">
    <xsl:param name="root"/>
    <xsl:param name="regional-root" select="$root"/>
    <xsl:param name="extension"/>
    <xsl:if test="string($extension)">
      <xsl:choose>
        <xsl:when test="$regional"><id root="{$regional-root}" extension="{$extension}"/></xsl:when>
        <xsl:otherwise><id><item root="{$root}" extension="{$extension}"/></id></xsl:otherwise>
      </xsl:choose>
    </xsl:if>
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
        <xsl:if test="string($system)"><xsl:attribute name="codeSystem"><xsl:value-of select="$system"/></xsl:attribute></xsl:if>
        <xsl:if test="string($system-name)">
          <xsl:attribute name="codeSystemName"><xsl:value-of select="$system-name"/></xsl:attribute>
        </xsl:if>
        <xsl:choose>
          <xsl:when test="not(string($display))"/>
          <xsl:when test="$regional"><xsl:attribute name="displayName"><xsl:value-of select="$display"/></xsl:attribute></xsl:when>
          <xsl:otherwise><displayName value="{$display}"/></xsl:otherwise>
        </xsl:choose>
      </xsl:element>
    </xsl:if>
  </xsl:template>

  <xsl:template match="*[not(string(.))]" mode="name" priority="2"/>
  <xsl:template match="*" mode="name">
    <name>
      <xsl:choose>
        <xsl:when test="$regional"><xsl:attribute name="use">L</xsl:attribute><xsl:value-of select="."/></xsl:when>
        <xsl:otherwise><item><part value="{.}"/></item></xsl:otherwise>
      </xsl:choose>
    </name>
  </xsl:template>

  <xsl:template match="*[not(string(.))]" mode="telecom" priority="2"/>
  <xsl:template match="*" mode="telecom">
    <telecom>
      <xsl:choose>
        <xsl:when test="$regional">
          <xsl:attribute name="value"><xsl:value-of select="."/></xsl:attribute>
          <xsl:attribute name="use"><xsl:choose>
            <xsl:when test="self::c:employerPhone">WP</xsl:when>
            <xsl:otherwise>H</xsl:otherwise>
          </xsl:choose></xsl:attribute>
        </xsl:when>
        <xsl:otherwise><item value="{.}"/></xsl:otherwise>
      </xsl:choose>
    </telecom>
  </xsl:template>

  <xsl:template name="person-class">
    <xsl:if test="$regional">
      <xsl:attribute name="classCode">PSN</xsl:attribute>
      <xsl:attribute name="determinerCode">INSTANCE</xsl:attribute>
    </xsl:if>
  </xsl:template>

  <xsl:template name="organization-class">
    <xsl:if test="$regional">
      <xsl:attribute name="classCode">ORG</xsl:attribute>
      <xsl:attribute name="determinerCode">INSTANCE</xsl:attribute>
    </xsl:if>
  </xsl:template>
</xsl:stylesheet>
