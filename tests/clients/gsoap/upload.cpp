// Upload one packed document with a gSOAP proxy and HTTP Basic, then ask for its receipt; prints JSON.
#include <fstream>
#include <iostream>
#include <sstream>
#include "soapDataCollectionSoapProxy.h"
#include "DataCollectionSoap.nsmap"

static std::string text(const std::string *value) { return value ? *value : ""; }

static std::string json(const std::string &raw) {
  std::string out = "\"";
  for (char c : raw) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

int main(int count, char **given) {
  if (count != 7) return 2;
  std::ifstream file(given[6]);
  std::stringstream packed;
  packed << file.rdbuf();
  std::string type = given[4], id = given[5], payload = packed.str();

  DataCollectionSoapProxy service(given[1], SOAP_C_UTFSTRING);
  service.soap->userid = given[2];
  service.soap->passwd = given[3];
  _ns1__Upload request;
  request.documentType = &type;
  request.documentId = &id;
  request.payload = &payload;
  _ns1__UploadResponse response;
  if (service.Upload(&request, response) != SOAP_OK) {
    service.soap_stream_fault(std::cerr);
    std::cout << "{\"fault\":{\"code\":" << json(*soap_faultcode(service.soap)) << ",\"message\":" << json(*soap_faultstring(service.soap)) << "}}";
    return 0;
  }
  ns1__UploadResult *result = response.UploadResult;
  std::cout << "{\"upload\":{\"receipt\":" << json(text(result->receipt)) << ",\"status\":" << json(text(result->status)) << ",\"code\":" << json(text(result->code));
  if (result->issues && !result->issues->issue.empty()) {
    ns1__Issue *issue = result->issues->issue[0];
    std::cout << ",\"issues\":{\"issue\":[{\"code\":" << json(text(issue->code)) << ",\"path\":" << json(text(issue->path)) << ",\"line\":" << (issue->line ? *issue->line : 0)
              << ",\"message\":" << json(text(issue->message)) << ",\"hint\":" << json(text(issue->hint)) << "}]}";
  }
  std::cout << "}";

  _ns1__QueryReceipt question;
  question.receipt = result->receipt;
  _ns1__QueryReceiptResponse answer;
  service.soap->userid = given[2];
  service.soap->passwd = given[3];
  if (service.QueryReceipt(&question, answer) == SOAP_OK && answer.QueryReceiptResult)
    std::cout << ",\"receipt\":{\"receipt\":" << json(text(answer.QueryReceiptResult->receipt)) << ",\"state\":" << json(text(answer.QueryReceiptResult->state)) << "}";
  std::cout << "}";
  return 0;
}
