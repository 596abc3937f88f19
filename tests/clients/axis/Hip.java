// Send one message to HIPMessageServer with the stubs that Axis 1.4 makes of our WSDL, and HTTP Basic; prints the reply as it is.
import java.io.PrintStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Paths;
import javax.xml.rpc.Stub;
import hip.HIPMessageServerSoapStub;

public class Hip {
    public static void main(String[] given) throws Exception {
        HIPMessageServerSoapStub stub = new HIPMessageServerSoapStub(new URL(given[0]), null);
        stub._setProperty(Stub.USERNAME_PROPERTY, given[1]);
        stub._setProperty(Stub.PASSWORD_PROPERTY, given[2]);
        String message = new String(Files.readAllBytes(Paths.get(given[4])), "UTF-8");
        String reply = stub.HIPMessageServer(given[3], message);
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        out.print(reply);
    }
}
