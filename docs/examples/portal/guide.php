<?php
// PHP ext-soap：查找医生，逐页列出，打开每一位的介绍与可以预约的号源，把图片存成文件。
// 参数：地址 门户代码 密码 要查找的词。退出码：0 全部办成；1 平台没有受理；2 SOAP Fault 或网络故障。
[, $address, $institution, $password, $words] = $argv;

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

// 一位医生：介绍、下一个有号的半天、号源、图片。
function show(SoapClient $client, string $hospital, string $code): void
{
    $doctor = call($client, 'GetDoctor', ['hospital' => $hospital, 'doctor' => $code])->doctor;
    echo "doctor $doctor->doctor $doctor->name $doctor->departmentName $doctor->hospitalName\n";
    if ($doctor->free) {
        echo "  next {$doctor->nextFree->date} {$doctor->nextFree->half} " . ($doctor->nextFree->free ?? '不限') . "\n";
    }
    foreach (call($client, 'ListFreeSlots', ['hospital' => $hospital, 'doctor' => $code])->slots->slot ?? [] as $slot) {
        echo "  slot $slot->slot $slot->date " . ($slot->begin ?? '') . " $slot->free\n";
    }
    if (isset($doctor->picture)) {
        file_put_contents("$doctor->picture.img", call($client, 'GetPicture', ['picture' => $doctor->picture])->content);
    }
}

try {
    $client = new SoapClient("$address?wsdl", [
        'cache_wsdl' => WSDL_CACHE_NONE, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS, 'connection_timeout' => 10,
        'login' => $institution, 'password' => $password,
    ]);
    $client->__setLocation($address);
    $token = '';
    do {
        $found = call($client, 'SearchDoctors', ['words' => $words, 'page' => ['size' => 20, 'token' => $token]]);
        foreach ($found->doctors->doctor ?? [] as $each) {
            show($client, $each->hospital, $each->doctor);
        }
        $token = $found->page->token ?? '';
    } while ($token !== '');
    echo "total $found->total\n";
} catch (Refused $problem) {
    fwrite(STDERR, "refused {$problem->getMessage()}\n");
    exit(1);
} catch (SoapFault $fault) {
    fwrite(STDERR, "fault $fault->faultstring\n");
    exit(2);
}
