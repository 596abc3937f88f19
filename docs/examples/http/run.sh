#!/bin/bash
# 只用 gzip、base64 与 curl：上传一份文档，查回执，再上传一份有错的文档并显示错在哪里。
# 参数：地址 机构代码 密码 文档编号 正确的.xml 有错的.xml
# 退出码：0 第一份已接收；1 第一份被拒收；2 SOAP Fault 或网络故障。
address=$1 institution=$2 password=$3 document_id=$4 good_file=$5 wrong_file=$6

# 发出一个操作，应答留在 $answer；HTTP 200 才是结果，其余是 Fault。
call() {
    local envelope="<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"urn:changbai:collection:1\">
<soap:Body>$1</soap:Body></soap:Envelope>"
    answer=$(printf '%s' "$envelope" | curl --silent --fail-with-body --max-time 60 \
        --user "$institution:$password" --header 'Content-Type: text/xml; charset=utf-8' \
        --data-binary @- "$address")
    local code=$?
    if [ $code -ne 0 ]; then
        echo "fault $(values faultstring)" >&2
        exit 2
    fi
}

# 取出应答里某个元素的全部文字，每行一个。
values() {
    printf '%s' "$answer" | grep -o "<[a-z0-9]*:\?$1>[^<]*" | sed 's/^<[^>]*>//'
}

upload() {
    local payload
    payload=$(gzip -c "$2" | base64 -w 0)
    call "<Upload><documentType>C0002</documentType><documentId>$1</documentId><payload>$payload</payload></Upload>"
    echo "$(values status) $(values code | head -1) $(values message | head -1)"
    if [ "$(values status)" = rejected ]; then
        paste -d ' ' <(values code | tail -n +2) <(values message | tail -n +2)
        paste -d ' ' <(values path) <(values line | sed 's/^/line /')
        values hint
    fi
}

upload "$document_id" "$good_file"
first=$(values status)
call "<QueryReceipt><receipt>$(values receipt)</receipt></QueryReceipt>"
echo "receipt $(values receipt) $(values state)"
upload "$document_id-WRONG" "$wrong_file"
[ "$first" != rejected ]
