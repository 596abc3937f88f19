// Send one message to HIPMessageServer with a gSOAP proxy and HTTP Basic; prints the reply as it is.
#include <fstream>
#include <iostream>
#include <sstream>
#include "soapHIPMessageServerSoapProxy.h"
#include "HIPMessageServerSoap.nsmap"

int main(int count, char **given) {
  if (count != 6) return 2;
  std::ifstream file(given[5]);
  std::stringstream content;
  content << file.rdbuf();
  std::string action = given[4], message = content.str();

  HIPMessageServerSoapProxy service(given[1], SOAP_C_UTFSTRING);
  service.soap->userid = given[2];
  service.soap->passwd = given[3];
  _ns1__HIPMessageServer request;
  request.action = &action;
  request.message = &message;
  _ns1__HIPMessageServerResponse response;
  if (service.HIPMessageServer(&request, response) != SOAP_OK || !response.HIPMessageServerResult) {
    service.soap_stream_fault(std::cerr);
    return 1;
  }
  std::cout << *response.HIPMessageServerResult;
  return 0;
}
