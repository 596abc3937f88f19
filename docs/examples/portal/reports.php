<?php
// PHP ext-soap：登记居民的同意，列出报告，打开每一份，看状态经过，把网页存成文件。
// 参数：地址 门户代码 密码 证件号码 姓名。退出码：0 全部办成；1 平台没有受理；2 SOAP Fault 或网络故障。
[, $address, $institution, $password, $number, $name] = $argv;

class Refused extends Exception
{
}

// 业务上的拒绝写在结果里，不是 Fault。
function call(SoapClient $client, string $operation, array $parameters): object
{
    $result = $client->__soapCall($operation, [$parameters])->{$operation . 'Result'};
    if ($result->code !== '0') {
        throw new Refused("$result->code $result->message " . ($result->hint ?? ''));
    }
    return $result;
}

// 列表、内容、状态经过、网页；列表可能有很多页。
function show(SoapClient $client, array $resident): void
{
    $token = '';
    do {
        $found = call($client, 'ListReports', ['resident' => $resident, 'page' => ['size' => 100, 'token' => $token]]);
        foreach ($found->reports->report ?? [] as $each) {
            $report = call($client, 'GetReport', ['report' => $each->report])->report;
            echo "report $report->report $report->status $report->hospitalName {$report->title}\n";
            foreach ($report->items->item ?? [] as $item) {
                echo "  $item->name $item->value " . ($item->unit ?? '') . ' ' . ($item->flag ?? '') . "\n";
            }
            foreach (call($client, 'ReportHistory', ['report' => $each->report])->history->entry as $entry) {
                echo "  $entry->at $entry->statusName\n";
            }
            $page = call($client, 'RenderReport', ['report' => $each->report]);
            file_put_contents("$page->report.html", $page->html);
        }
        $token = $found->page->token ?? '';
    } while ($token !== '');
}

try {
    $client = new SoapClient("$address?wsdl", [
        'cache_wsdl' => WSDL_CACHE_NONE, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS, 'connection_timeout' => 10,
        'login' => $institution, 'password' => $password,
    ]);
    $client->__setLocation($address);
    $resident = ['idType' => '1', 'idNumber' => $number, 'name' => $name];
    call($client, 'GiveConsent', ['resident' => $resident]);
    show($client, $resident);
} catch (Refused $problem) {
    fwrite(STDERR, "refused {$problem->getMessage()}\n");
    exit(1);
} catch (SoapFault $fault) {
    fwrite(STDERR, "fault $fault->faultstring\n");
    exit(2);
}
