<?xml version="1.0" encoding="UTF-8"?>
<!-- Shows one report as a page that prints on A4: no script, nothing fetched. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="html" encoding="UTF-8" doctype-system="about:legacy-compat"/>

  <xsl:template match="/report">
    <html lang="zh-CN">
      <head>
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <title><xsl:value-of select="@title"/></title>
        <style>
          body { font: 15px/1.6 "Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", sans-serif; color: #1b1b1b; max-width: 46em; margin: 1.5em auto; padding: 0 1em; }
          h1, h2 { text-align: center; margin: .2em 0; font-weight: 600; }
          h1 { font-size: 1.3em; } h2 { font-size: 1.1em; } h3 { font-size: 1em; margin: 1.2em 0 .3em; }
          dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(14em, 1fr)); border: solid #999; border-width: 1px 0; padding: .6em 0; margin: 1em 0; }
          dl div { display: flex; } dt { color: #555; } dt:after { content: "："; } dd { margin: 0; }
          table { width: 100%; border-collapse: collapse; } th { text-align: left; border-bottom: 1px solid #999; }
          th, td { padding: .25em .5em; vertical-align: top; } tr.marked td { font-weight: 600; } tr { break-inside: avoid; }
          p { white-space: pre-wrap; margin: .2em 0; } .state { text-align: center; color: #a33; } footer { border-top: 1px solid #999; margin-top: 1.5em; color: #555; }
          @media print { body { margin: 0; max-width: none; } @page { size: A4; margin: 15mm; } }
        </style>
      </head>
      <body>
        <h1><xsl:value-of select="@institution-name"/></h1>
        <h2><xsl:value-of select="@title"/></h2>
        <xsl:if test="@status-name"><div class="state"><xsl:value-of select="@status-name"/></div></xsl:if>
        <dl>
          <xsl:call-template name="said"><xsl:with-param name="label" select="'姓名'"/><xsl:with-param name="value" select="@name"/></xsl:call-template>
          <xsl:call-template name="said"><xsl:with-param name="label" select="'性别'"/><xsl:with-param name="value" select="@gender"/></xsl:call-template>
          <xsl:call-template name="said"><xsl:with-param name="label" select="'出生日期'"/><xsl:with-param name="value" select="@birth"/></xsl:call-template>
          <xsl:call-template name="said"><xsl:with-param name="label" select="'报告编号'"/><xsl:with-param name="value" select="@number"/></xsl:call-template>
          <xsl:call-template name="said"><xsl:with-param name="label" select="'标本'"/><xsl:with-param name="value" select="@specimen"/></xsl:call-template>
          <xsl:call-template name="said"><xsl:with-param name="label" select="'科室'"/><xsl:with-param name="value" select="@department"/></xsl:call-template>
          <xsl:call-template name="said"><xsl:with-param name="label" select="'诊断'"/><xsl:with-param name="value" select="@diagnosis"/></xsl:call-template>
        </dl>
        <xsl:apply-templates select="complaint"/>
        <xsl:if test="item">
          <table>
            <thead><tr><th>项目</th><th>结果</th><th>提示</th><th>单位</th><th>参考范围</th></tr></thead>
            <tbody><xsl:apply-templates select="item"/></tbody>
          </table>
        </xsl:if>
        <xsl:apply-templates select="organism | findings | conclusion | remark"/>
        <footer>
          <dl>
            <xsl:call-template name="said"><xsl:with-param name="label" select="'报告医生'"/><xsl:with-param name="value" select="@doctor"/></xsl:call-template>
            <xsl:call-template name="said"><xsl:with-param name="label" select="'报告时间'"/><xsl:with-param name="value" select="@reported"/></xsl:call-template>
            <xsl:call-template name="said"><xsl:with-param name="label" select="'审核'"/><xsl:with-param name="value" select="@reviewer"/></xsl:call-template>
            <xsl:call-template name="said"><xsl:with-param name="label" select="'审核时间'"/><xsl:with-param name="value" select="@reviewed"/></xsl:call-template>
          </dl>
          <p>本页由平台按医院上传的内容生成；如与医院出具的报告不一致，请以医院报告为准。</p>
        </footer>
      </body>
    </html>
  </xsl:template>

  <xsl:template name="said">
    <xsl:param name="label"/>
    <xsl:param name="value"/>
    <xsl:if test="string($value)"><div><dt><xsl:value-of select="$label"/></dt><dd><xsl:value-of select="$value"/></dd></div></xsl:if>
  </xsl:template>

  <xsl:template match="item">
    <tr>
      <xsl:if test="@flag"><xsl:attribute name="class">marked</xsl:attribute></xsl:if>
      <td>
        <xsl:value-of select="@name"/>
        <xsl:if test="@code and @code != @name"> (<xsl:value-of select="@code"/>)</xsl:if>
      </td>
      <td><xsl:value-of select="@value"/></td><td><xsl:apply-templates select="@flag"/></td>
      <td><xsl:value-of select="@unit"/></td><td><xsl:value-of select="@range"/></td>
    </tr>
  </xsl:template>

  <!-- High and low as arrows beside the letter, which alone would say nothing to a resident. -->
  <xsl:template match="@flag">
    <xsl:choose>
      <xsl:when test=". = 'H' or . = 'HH'">↑ 偏高</xsl:when>
      <xsl:when test=". = 'L' or . = 'LL'">↓ 偏低</xsl:when>
      <xsl:otherwise><xsl:value-of select="."/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template match="organism">
    <h3>检出：<xsl:value-of select="@name"/></h3>
    <xsl:if test="drug">
      <table>
        <thead><tr><th>药物</th><th>最低抑菌浓度</th><th>敏感度</th></tr></thead>
        <tbody>
          <xsl:for-each select="drug">
            <tr><td><xsl:value-of select="@name"/></td><td><xsl:value-of select="@mic"/></td><td><xsl:apply-templates select="@sensitivity"/></td></tr>
          </xsl:for-each>
        </tbody>
      </table>
    </xsl:if>
  </xsl:template>

  <xsl:template match="@sensitivity">
    <xsl:choose>
      <xsl:when test=". = 'S'">敏感</xsl:when>
      <xsl:when test=". = 'I'">中介</xsl:when>
      <xsl:when test=". = 'R'">耐药</xsl:when>
      <xsl:otherwise><xsl:value-of select="."/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <xsl:template match="complaint | findings | conclusion | remark">
    <h3>
      <xsl:choose>
        <xsl:when test="self::complaint">主诉</xsl:when>
        <xsl:when test="self::findings">所见</xsl:when>
        <xsl:when test="self::conclusion">结论</xsl:when>
        <xsl:otherwise>备注</xsl:otherwise>
      </xsl:choose>
    </h3>
    <p><xsl:value-of select="."/></p>
  </xsl:template>
</xsl:stylesheet>
