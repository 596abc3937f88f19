<?php
// PHP ext-soap：上传一份文档，查回执，再上传一份有错的文档并显示错在哪里。
// 退出码：0 第一份已接收；1 第一份被拒收；2 SOAP Fault 或网络故障。
[, $address, $institution, $password, $documentId, $goodFile, $wrongFile] = $argv;

$wsse = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
$token = "<wsse:Security xmlns:wsse=\"$wsse\"><wsse:UsernameToken>"
    . '<wsse:Username>' . htmlspecialchars($institution) . '</wsse:Username>'
    . '<wsse:Password>' . htmlspecialchars($password) . '</wsse:Password>'
    . '</wsse:UsernameToken></wsse:Security>';

// 先 GZIP 再 Base64；用 gzencode，不要用 gzcompress（那是 zlib，SND-208）或 gzdeflate（SND-210）。
function pack_document(string $xml): string
{
    return base64_encode(gzencode($xml));
}

function send(SoapClient $client, string $documentId, string $file): object
{
    $payload = pack_document(file_get_contents($file));
    $result = $client->Upload(['documentType' => 'C0002', 'documentId' => $documentId, 'payload' => $payload])->UploadResult;
    echo "$result->status $result->code $result->message\n";
    foreach ($result->issues->issue ?? [] as $issue) {
        echo "  $issue->severity $issue->code $issue->message\n";
        echo '    ' . ($issue->path ?? '') . ' line ' . ($issue->line ?? '') . "\n";
        echo "    $issue->hint\n";
    }
    return $result;
}

try {
    $client = new SoapClient("$address?wsdl", [
        'cache_wsdl' => WSDL_CACHE_NONE,
        'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
        'connection_timeout' => 10,
    ]);
    $client->__setLocation($address);
    $client->__setSoapHeaders(new SoapHeader($wsse, 'Security', new SoapVar($token, XSD_ANYXML)));
    $good = send($client, $documentId, $goodFile);
    $receipt = $client->QueryReceipt(['receipt' => $good->receipt])->QueryReceiptResult;
    echo "receipt $receipt->receipt $receipt->state\n";
    send($client, "$documentId-WRONG", $wrongFile);
    exit($good->status === 'rejected' ? 1 : 0);
} catch (SoapFault $fault) {
    fwrite(STDERR, "fault $fault->faultstring\n");
    exit(2);
}
