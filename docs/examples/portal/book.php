<?php
// PHP ext-soap：查号源，核对患者，预约，支付，查询，取消并退费。
// 参数：地址 门户代码 密码 医院代码。退出码：0 全部办成；1 平台或医院没有受理；2 SOAP Fault 或网络故障。
[, $address, $institution, $password, $hospital] = $argv;

const PATIENT = [
    'name' => '测试患者', 'sex' => '1', 'birthday' => '1990-01-01', 'idType' => '1', 'idNumber' => '110101199001010031',
    'mobile' => '13800000000', 'address' => '测试市测试路 1 号', 'healthCard' => 'TEST-CARD-0001',
];

class Refused extends Exception
{
}

// 业务上的拒绝写在结果里，不是 Fault。
function good(object $result): object
{
    if ($result->code !== '0') {
        throw new Refused("$result->code $result->message " . ($result->hint ?? ''));
    }
    return $result;
}

function call(SoapClient $client, string $operation, array $parameters): object
{
    return good($client->__soapCall($operation, [$parameters])->{$operation . 'Result'});
}

// 找一个还有号的号源；排班不分时段时，排班编号就是号源编号。
function free_slot(SoapClient $client, string $hospital): string
{
    $token = '';
    do {
        $found = call($client, 'ListSchedules', ['hospital' => $hospital, 'page' => ['size' => 200, 'token' => $token]]);
        foreach ($found->schedules->schedule ?? [] as $schedule) {
            if ($schedule->status !== 'open' || !($schedule->unlimited || $schedule->free)) {
                continue;
            }
            if (!$schedule->timed) {
                return $schedule->schedule;
            }
            $slots = call($client, 'ListSlots', ['hospital' => $hospital, 'schedule' => $schedule->schedule])->slots;
            foreach ($slots->slot ?? [] as $slot) {
                if ($slot->status === 'open' && ($slot->unlimited || $slot->free)) {
                    return $slot->slot;
                }
            }
        }
        $token = $found->page->token ?? '';
    } while ($token !== '');
    throw new Refused('没有可预约的号源');
}

// 医院没有按时答复时，稍后再问；不要当作失败，也不要另外再约。
function settled(SoapClient $client, object $order): object
{
    while ($order->state === 'booking' || isset($order->pending)) {
        sleep(2);
        $order = call($client, 'QueryOrder', ['order' => $order->order])->order;
    }
    echo "order $order->state $order->payable " . ($order->queueNumber ?? '') . "\n";
    return $order;
}

try {
    $client = new SoapClient("$address?wsdl", [
        'cache_wsdl' => WSDL_CACHE_NONE, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS, 'connection_timeout' => 10,
        'login' => $institution, 'password' => $password,
    ]);
    $client->__setLocation($address);
    $slot = free_slot($client, $hospital);
    $checked = call($client, 'CheckPatient', ['hospital' => $hospital, 'patient' => PATIENT]);
    // 请求编号由门户自己定；没有收到应答时，用同一个编号、同样的内容重发，不会重复预约。
    $order = call($client, 'Book', [
        'requestId' => bin2hex(random_bytes(16)), 'hospital' => $hospital, 'slot' => $slot, 'account' => 'TEST-ACCOUNT',
        'patient' => PATIENT + ['hospitalPatientId' => $checked->hospitalPatientId ?? ''],
    ])->order;
    $order = settled($client, $order);
    $now = (new DateTime('now', new DateTimeZone('Asia/Shanghai')))->format('Y-m-d\TH:i:sP');
    $payment = ['serial' => bin2hex(random_bytes(16)), 'paidAt' => $now, 'channel' => '1', 'paid' => $order->payable];
    $order = settled($client, call($client, 'NotifyPayment', ['order' => $order->order, 'payment' => $payment])->order);
    $order = settled($client, call($client, 'Cancel', ['order' => $order->order, 'reason' => '测试：不去了'])->order);
    echo "refund $order->refund\n";
} catch (Refused $problem) {
    fwrite(STDERR, "refused {$problem->getMessage()}\n");
    exit(1);
} catch (SoapFault $fault) {
    fwrite(STDERR, "fault $fault->faultstring\n");
    exit(2);
}
