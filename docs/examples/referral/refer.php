<?php
// PHP ext-soap：双向转诊的一步。参数：地址 机构代码 密码 命令 ……
//   apply 申请编号 接收医院 姓名 证件号码 手机   上转，预约第一个有号的时段（没有就不预约）
//   todo                                          列出等待本院接收的转诊
//   accept | arrive 转诊编号                       接收；登记到诊
//   reject | withdraw 转诊编号 理由                 拒绝；撤回
//   complete 转诊编号 小结                          登记完成
//   back 申请编号 转诊编号 小结                      转回原医院
//   shared 转诊编号                                把共享的文档存成文件
//   show 转诊编号                                   查询
// 退出码：0 办成；1 平台没有受理；2 SOAP Fault 或网络故障。
[, $address, $institution, $password, $command] = $argv;
$given = array_slice($argv, 5);

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

function freeSlot(SoapClient $client, string $hospital): ?string
{
    foreach (call($client, 'ListSchedules', ['hospital' => $hospital])->schedules->schedule ?? [] as $half) {
        if ($half->status !== 'open' || !$half->free) {
            continue;
        }
        if (!$half->timed) {
            return $half->schedule;
        }
        $found = call($client, 'ListSlots', ['hospital' => $hospital, 'schedule' => $half->schedule]);
        foreach ($found->slots->slot ?? [] as $slot) {
            if ($slot->status === 'open' && $slot->free) {
                return $slot->slot;
            }
        }
    }
    return null;
}

function apply(SoapClient $client, array $given): object
{
    [$request, $hospital, $name, $number, $mobile] = $given;
    $referral = [
        'direction' => 'up', 'kind' => 'outpatient', 'urgency' => '1', 'to' => ['hospital' => $hospital],
        'patient' => ['name' => $name, 'idType' => '1', 'idNumber' => $number, 'mobile' => $mobile],
        'origin' => ['departmentName' => '全科', 'doctorName' => '测试医师甲', 'telephone' => '0431-80000000'],
        'reason' => '反复胸痛，需进一步检查', 'diagnoses' => ['diagnosis' => [['code' => 'I20.900', 'name' => '心绞痛']]],
        'condition' => '活动后胸痛三天', 'treatment' => '休息，含服硝酸甘油', 'plan' => '请行冠脉造影', 'share' => ['type' => ['C0002']],
    ];
    // 号源在申请时一并预约；医院没有号时整个申请不成立。
    $parameters = ['requestId' => $request, 'referral' => $referral] + array_filter(['slot' => freeSlot($client, $hospital)]);
    return call($client, 'Apply', $parameters)->referral;
}

function tell(object $referral): void
{
    $booking = isset($referral->booking) ? " {$referral->booking->state} {$referral->booking->date} {$referral->booking->order}" : '';
    echo "referral $referral->referral $referral->state $referral->direction {$referral->from->hospital} {$referral->to->hospital}$booking\n";
}

try {
    $client = new SoapClient("$address?wsdl", [
        'cache_wsdl' => WSDL_CACHE_NONE, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS, 'connection_timeout' => 10,
        'login' => $institution, 'password' => $password,
    ]);
    $client->__setLocation($address);
    $move = fn (string $operation, array $more = []) => tell(call($client, $operation, ['referral' => $given[0]] + $more)->referral);
    switch ($command) {
        case 'apply':
            tell(apply($client, $given));
            break;
        case 'todo':
            $found = call($client, 'ListReferrals', ['role' => 'receiver', 'states' => ['state' => ['applied']]]);
            array_map('tell', $found->referrals->referral ?? []);
            break;
        case 'back':
            tell(call($client, 'ReferBack', ['requestId' => $given[0], 'referral' => $given[1], 'summary' => $given[2]])->referral);
            break;
        case 'shared':
            foreach (call($client, 'ListSharedDocuments', ['referral' => $given[0]])->documents->document ?? [] as $each) {
                $asked = ['referral' => $given[0], 'document' => $each->document];
                file_put_contents("$each->document.xml", call($client, 'GetSharedDocument', $asked)->document->content);
                echo "document $each->document $each->documentType\n";
            }
            break;
        case 'show':
            $move('QueryReferral');
            break;
        case 'complete':
            $move('Complete', ['summary' => $given[1]]);
            break;
        case 'reject':
        case 'withdraw':
            $move(ucfirst($command), ['reason' => $given[1]]);
            break;
        default:
            $move(ucfirst($command));
    }
} catch (Refused $problem) {
    fwrite(STDERR, "refused {$problem->getMessage()}\n");
    exit(1);
} catch (SoapFault $fault) {
    fwrite(STDERR, "fault $fault->faultstring\n");
    exit(2);
}
