<?xml version="1.0" encoding="UTF-8"?>
<!-- Answers with schedules of the pool and their time frames. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                xmlns="urn:hl7-org:v3" exclude-result-prefixes="c">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/c:answer">
    <controlActProcess>
      <xsl:if test="c:item">
        <subject><xsl:apply-templates select="c:item"/></subject>
      </xsl:if>
    </controlActProcess>
  </xsl:template>

  <xsl:template match="c:item">
    <schedule>
      <resourceSlot>
        <id><item root="2.16.156.10011.2.5.1.20" extension="{c:scheduleId}"/></id>
        <xsl:if test="string(c:profession)">
          <profession code="{c:profession}" codeSystem="2.16.156.10011.2.3.2.62" codeSystemName="医疗卫生机构业务科室分类与代码表">
            <displayName value="{c:professionName}"/>
          </profession>
        </xsl:if>
        <totalNumber value="{c:total}"/>
        <deptId><item root="2.16.156.10011.1.26" extension="{c:department}"/></deptId>
        <code code="{c:level}" codeSystem="2.16.156.10011.2.5.1.21" codeSystemName="资源级别代码">
          <displayName value="{c:levelName}"/>
        </code>
        <directTarget>
          <IdentifiedEntity>
            <id><item root="2.16.156.10011.1.4" extension="{c:doctor}"/></id>
            <xsl:if test="string(c:doctorTitle)">
              <code code="{c:doctorTitle}" codeSystem="2.16.156.10011.2.3.1.209" codeSystemName="专业技术职务类别代码表">
                <displayName value="{c:doctorTitleName}"/>
              </code>
            </xsl:if>
            <xsl:if test="string(c:doctorName) or string(c:doctorIdentity)">
              <Person>
                <xsl:if test="string(c:doctorIdentity)"><id><item root="2.16.156.10011.1.3" extension="{c:doctorIdentity}"/></id></xsl:if>
                <xsl:if test="string(c:doctorName)"><name><item><part value="{c:doctorName}"/></item></name></xsl:if>
              </Person>
            </xsl:if>
          </IdentifiedEntity>
        </directTarget>
        <xsl:for-each select="c:timeFrame">
          <timeFrame>
            <code code="{c:type}" codeSystem="2.16.156.10011.2.5.1.22" codeSystemName="排班资源类型代码">
              <originalText value="{c:typeName}"/>
            </code>
            <totalFrameNumber value="{c:total}"/>
            <effectiveTime>
              <low value="{c:since}"/>
              <high value="{c:until}"/>
            </effectiveTime>
            <remainNumber value="{c:remain}"/>
          </timeFrame>
        </xsl:for-each>
      </resourceSlot>
    </schedule>
  </xsl:template>
</xsl:stylesheet>
